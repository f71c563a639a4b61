"""Where models were imported from before ``families``; older documents and programs say so."""

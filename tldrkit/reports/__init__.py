"""Pages: values in, text out."""

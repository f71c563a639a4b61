"""How many words of reference summaries come back as people wrote them, once a tokenizer took their case.

Each reference is brought into the form in which an uncased BERT decodes it, and written again after its
document (``tldrkit/families/hub_code/spelling.py``). A word is what stands between spaces, with its marks.

    python benchmarks/spelling.py samsum.validation.jsonl
"""

import argparse
import json
from difflib import SequenceMatcher
from pathlib import Path

from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from tldrkit.families.hub_code.spelling import restore_writing


def lose_case(text: str) -> str:
    """Bring a text into the form in which an uncased BERT decodes it."""
    pieces = BertPreTokenizer().pre_tokenize_str(BertNormalizer(lowercase=True).normalize_str(text))
    return " ".join(piece for piece, _ in pieces)


def count_equal(text: str, reference: str) -> int:
    """Count the words of a reference that a text has in its order."""
    matcher = SequenceMatcher(None, text.split(), reference.split(), autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks())


def main() -> None:
    """Count, and print shares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="JSONL with document and summary.")
    rows = [json.loads(line) for line in parser.parse_args().file.read_text(encoding="utf-8").splitlines()]
    words = before = after = 0
    for row in rows:
        lost = lose_case(row["summary"])
        words += len(row["summary"].split())
        before += count_equal(lost, row["summary"])
        after += count_equal(restore_writing(lost, row["document"]), row["summary"])
    print(
        f"{len(rows)} summaries, {words} words: {before / words:.1%} equal before, {after / words:.1%} after"
    )


if __name__ == "__main__":
    main()

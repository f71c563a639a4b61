"""Text whose paragraphs are wrapped for sending (format=flowed, RFC 3676), unwrapped."""


def unwrap_flowed(text: str, *, delete_space: bool = False) -> str:
    """Join lines that end with a space to the next of the same depth of quoting.

    Args:
        text: As it was sent.
        delete_space: The space was put in where the line was broken (DelSp=yes).
    """
    out: list[str] = []
    depth, joining = 0, False
    for line in text.replace("\r\n", "\n").split("\n"):
        bare = line.lstrip(">")
        marks = len(line) - len(bare)
        bare = bare.removeprefix(" ")  # stuffed
        signature = bare == "-- "
        if joining and marks == depth and not signature:
            out.append(bare)
        else:
            out += ["\n", "> " * marks, bare]
        depth, joining = marks, bare.endswith(" ") and not signature
        if joining and delete_space:
            out[-1] = bare[:-1]
    return "".join(out[1:])

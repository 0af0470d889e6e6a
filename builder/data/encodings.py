"""From the bytes of a text file to its text."""

from builder.errors import LaminaError

ENCODINGS = ("auto", "utf-8", "cp1252", "latin-1", "utf-16")


def decode(content: bytes, encoding: str, place: str) -> tuple[str, str]:
    """The text and its encoding. UTF-8 and UTF-16 are told by their bytes, what is neither is
    cp1252.

    Raises LaminaError for bytes that are no text, or not in the encoding that was asked for.
    """
    if encoding == "auto":
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            encoding = "utf-16"
        elif b"\0" in content[:65536]:
            raise LaminaError(
                "This is no text file: it holds null bytes.",
                place=place,
                remedy="Save it as plain text.",
            )
        else:
            try:
                return content.decode("utf-8-sig"), "utf-8"
            except UnicodeDecodeError:
                undefined = any(byte in content for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D))
                encoding = "latin-1" if undefined else "cp1252"
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding), encoding
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise LaminaError(
            f"The file is not in {encoding}.",
            place=f"{place}, line {line}",
            remedy='Set encoding to "auto", or to the right one.',
        ) from error

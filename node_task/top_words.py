#!/usr/bin/env python3
"""Counts the most common words of one text file on a compute node and puts the result into a blob container.

Runs alone: one file, Python 3.8 or newer, the standard library only. The result is whole or absent, in the
working directory as in the container, and nothing this program prints holds a shared access signature.
"""

from __future__ import annotations

import argparse
import codecs
import contextlib
import datetime
import email.utils
import enum
import http.client
import ipaddress
import math
import os
import random
import re
import signal
import string
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from typing import BinaryIO, Callable, Iterable, Iterator, NoReturn, Sequence, TextIO

CONTAINER_URL_VARIABLE = "BATCH_TUI_OUTPUT_CONTAINER_URL"

CHUNK_BYTES = 1 << 20
"""Read at once: large enough that Python's cost per read vanishes, small beside a node's memory."""

UPLOAD_ATTEMPTS = 8
UPLOAD_TIMEOUT_S = 60.0
"""Silence on the connection after which an attempt counts as lost."""
LONGEST_BACKOFF_S = 32.0
LONGEST_RETRY_AFTER_S = 300.0
"""A node waits no longer than this at the service's word: its time is paid for."""

LONGEST_FILE_NAME_BYTES = 255
UTF_8_CONTINUATION_BYTES = bytes(range(0x80, 0xC0))
RULE = "-" * 30
REPLACEMENT = "\ufffd"
BYTE_ORDER_MARK = "\ufeff"

Pause = Callable[[float], object]


class ExitCode(enum.IntEnum):
    """What the process ends with; 1 is Python's own, for a defect of this program."""

    DONE = 0
    BAD_ARGUMENTS = 2
    INPUT_MISSING = 3
    INPUT_IS_DIRECTORY = 4
    INPUT_UNREADABLE = 5
    CANNOT_WRITE = 6
    UPLOAD_REFUSED = 7
    UPLOAD_FAILED = 8


EXIT_CODE_MEANINGS = {
    ExitCode.DONE: "counted, written and uploaded",
    ExitCode.BAD_ARGUMENTS: "bad arguments, or no container to upload to",
    ExitCode.INPUT_MISSING: "the input file does not exist",
    ExitCode.INPUT_IS_DIRECTORY: "the input is a directory",
    ExitCode.INPUT_UNREADABLE: "the input exists but cannot be read, or its words do not fit into memory",
    ExitCode.CANNOT_WRITE: "the result cannot be written to the working directory or to stdout",
    ExitCode.UPLOAD_REFUSED: "the container refused the signature (401 or 403)",
    ExitCode.UPLOAD_FAILED: "the upload failed for another reason, after retries where they can help",
}


class TopWordsError(Exception):
    """A foreseen end of the program: its exit code and the one line that says why."""

    def __init__(self, exit_code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.message = message


def shown(text: str) -> str:
    """The text on one line: what is not printable (new lines, controls, undecodable bytes) as its escape."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


# Counting


class Utf8Text:
    """The text of a byte stream in pieces, without its byte order mark, every invalid sequence as U+FFFD."""

    def __init__(self, stream: BinaryIO, chunk_bytes: int = CHUNK_BYTES) -> None:
        self.invalid_bytes = 0
        self._stream = stream
        self._chunk_bytes = chunk_bytes

    def __iter__(self) -> Iterator[str]:
        codecs.register_error("top-words-replace", self._replace)
        decoder = codecs.getincrementaldecoder("utf-8")(errors="top-words-replace")
        at_start = True
        at_end = False
        while not at_end:
            chunk = self._stream.read(self._chunk_bytes)
            at_end = not chunk
            text = decoder.decode(chunk, final=at_end)
            if text:
                yield text[1:] if at_start and text[0] == BYTE_ORDER_MARK else text
                at_start = False

    def _replace(self, error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        self.invalid_bytes += error.end - error.start
        return REPLACEMENT, error.end


def tokens(texts: Iterable[str]) -> Iterator[str]:
    """What `str.split` finds in the joined texts, holding one text and one unfinished token at a time."""
    unfinished: list[str] = []
    for text in texts:
        if not text:
            continue
        found = text.split()
        if unfinished and text[0].isspace():
            yield "".join(unfinished)
            unfinished.clear()
        if not found:
            continue
        unfinished.append(found[0])
        if len(found) > 1 or text[-1].isspace():
            yield "".join(unfinished)
            unfinished.clear()
            last_is_complete = text[-1].isspace()
            yield from found[1:] if last_is_complete else found[1:-1]
            if not last_is_complete:
                unfinished.append(found[-1])
    if unfinished:
        yield "".join(unfinished)


def count_words(texts: Iterable[str]) -> Counter[str]:
    """Occurrences of each word, first seen first: tokens less the punctuation at their ends, case kept."""
    counts = Counter(token.strip(string.punctuation) for token in tokens(texts))
    del counts[""]
    return counts


def count_file(path: str) -> tuple[Counter[str], int]:
    """The words of a file of any size and how many of its bytes were no UTF-8."""
    try:
        with open(path, "rb") as stream:
            text = Utf8Text(stream)
            return count_words(text), text.invalid_bytes
    except FileNotFoundError:
        raise TopWordsError(ExitCode.INPUT_MISSING, f"no such file: {shown(path)}{unset_variables(path)}") from None
    except IsADirectoryError:
        raise TopWordsError(ExitCode.INPUT_IS_DIRECTORY, f"is a directory, not a file: {shown(path)}") from None
    except OSError as error:
        raise TopWordsError(ExitCode.INPUT_UNREADABLE, f"cannot read {shown(path)}: {reason_of(error)}") from None


# The input's and the output's names


def expanded(path: str) -> str:
    """The path with `$X` and `${X}` replaced, unless a file is really called so."""
    return path if os.path.lexists(path) else os.path.expandvars(path)


def unset_variables(path: str) -> str:
    names = [a or b for a, b in re.findall(r"\$(?:(\w+)|\{(\w+)\})", path)]
    unset = [name for name in names if name not in os.environ]
    return f" (not set: {', '.join(unset)})" if unset else ""


def default_output_name(path: str) -> str:
    name, extension = os.path.splitext(os.path.basename(path))
    return f"{name}_OUTPUT{extension}"


def local_name(output_name: str) -> str:
    """Where the working directory keeps the output: the blob name's last part, or the tail of it that fits."""
    base = os.fsencode(output_name.rsplit("/", 1)[-1])
    if len(base) > LONGEST_FILE_NAME_BYTES:
        base = base[-LONGEST_FILE_NAME_BYTES:].lstrip(UTF_8_CONTINUATION_BYTES)
    return os.fsdecode(base)


# The report


def report(counts: Counter[str], word_limit: int) -> Iterator[str]:
    """The lines of the result: the tutorial's heading and rules, the words, then where they were counted."""
    yield "Word\tCount"
    yield RULE
    for word, count in counts.most_common(word_limit):
        yield f"{word}:\t{count}"
    yield RULE
    for label, variable in (
        ("Node: ", "AZ_BATCH_NODE_ID"),
        ("Task: ", "AZ_BATCH_TASK_ID"),
        ("Job:  ", "AZ_BATCH_JOB_ID"),
        ("Pool: ", "AZ_BATCH_POOL_ID"),
    ):
        yield label + os.environ.get(variable, "-")


def write_atomically(path: str, lines: Iterable[str]) -> None:
    """Writes UTF-8 lines so that `path` never holds a part of them."""
    partial = os.path.join(os.path.dirname(path), f".top_words.{os.getpid()}.partial")
    try:
        with open(partial, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
            stream.writelines(f"{line}\n" for line in lines)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, path)
    except OSError as error:
        raise TopWordsError(ExitCode.CANNOT_WRITE, f"cannot write {shown(path)}: {reason_of(error)}") from None
    finally:
        with contextlib.suppress(OSError):  # nothing is there once all went well
            os.unlink(partial)


# The upload


def container_url(account: str | None, container: str | None, sas_token: str | None) -> str:
    """The container to write to with its signature, from the three arguments or else from the environment."""
    if account is not None and container is not None and sas_token is not None:
        if not re.fullmatch(r"[a-z0-9]{3,24}", account):
            raise TopWordsError(ExitCode.BAD_ARGUMENTS, f"--storageaccount is no account name: {shown(account)}")
        if not re.fullmatch(r"[a-z0-9-]{3,63}|\$root", container):
            raise TopWordsError(ExitCode.BAD_ARGUMENTS, f"--storagecontainer is no container name: {shown(container)}")
        url = f"https://{account}.blob.core.windows.net/{container}?{sas_token.lstrip('?')}"
        source = "--sastoken"
    elif (account, container, sas_token) != (None, None, None):
        raise TopWordsError(
            ExitCode.BAD_ARGUMENTS,
            "--storageaccount, --storagecontainer and --sastoken go together or not at all",
        )
    else:
        url = os.environ.get(CONTAINER_URL_VARIABLE, "")
        source = CONTAINER_URL_VARIABLE
        if not url:
            raise TopWordsError(
                ExitCode.BAD_ARGUMENTS,
                f"no container to upload to: set {source}, or give --storageaccount, --storagecontainer and --sastoken",
            )
    fault = url_fault(url)
    if fault:
        raise TopWordsError(ExitCode.BAD_ARGUMENTS, f"{source} {fault}")
    return url


def url_fault(url: str) -> str | None:
    """What is wrong with a container URL, in words that do not repeat it."""
    if not all("!" <= letter <= "~" for letter in url):
        return "holds a character that no URL may hold"
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna")  # as the look-up of the name does: a label has 1 to 63 characters
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not host:
        return "is not an https URL"
    if parts.scheme == "http" and not is_loopback(host):
        return "is plain http: only this machine itself may be spoken to without TLS"
    if not parts.path.strip("/"):
        return "names no container"
    if "sig=" not in parts.query:
        return "holds no shared access signature"
    return None


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def blob_url(container: str, name: str) -> str:
    parts = urllib.parse.urlsplit(container)
    # Through the bytes of the command line: in a C locale a name arrives as undecoded bytes.
    quoted = urllib.parse.quote(os.fsencode(name).decode("utf-8", "replace"), safe="/~")
    return urllib.parse.urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{quoted}", fragment=""))


class TransientError(Exception):
    """An attempt at the upload that may succeed if made again; `wait_s` is the service's own wish."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s


def upload(path: str, url: str, pause: Pause) -> None:
    """Puts the file's bytes into the blob. It replaces what is there: an attempt made twice does no harm."""
    reason = ""
    for attempt in range(UPLOAD_ATTEMPTS):
        try:
            with open(path, "rb") as body:
                put_blob(body, url)
            return
        except TransientError as lost:
            reason = lost.reason
            wait_s = backoff_s(attempt) if lost.wait_s is None else lost.wait_s
        except OSError as error:
            raise TopWordsError(ExitCode.CANNOT_WRITE, f"cannot read back {shown(path)}: {reason_of(error)}") from None
        if attempt < UPLOAD_ATTEMPTS - 1:
            say(f"upload: {reason}; again in {wait_s:.0f} s")
            pause(wait_s)
    raise TopWordsError(ExitCode.UPLOAD_FAILED, f"upload failed {UPLOAD_ATTEMPTS} times, the last time: {reason}")


def backoff_s(attempt: int) -> float:
    """Doubling, and spread so that the tasks of a whole pool do not come back in step."""
    ceiling: float = min(2.0**attempt, LONGEST_BACKOFF_S)
    return ceiling * random.uniform(0.5, 1.0)


def put_blob(body: BinaryIO, url: str) -> None:
    """One Put Blob request (https://learn.microsoft.com/rest/api/storageservices/put-blob)."""
    headers = {
        "x-ms-blob-type": "BlockBlob",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(os.fstat(body.fileno()).st_size),
    }
    request = urllib.request.Request(url, data=body, headers=headers, method="PUT")
    host = urllib.parse.urlsplit(url).hostname or ""
    # A proxy of the node is for the world outside it.
    handlers = [urllib.request.ProxyHandler({})] if is_loopback(host) else []
    opener = urllib.request.build_opener(*handlers)
    try:
        with opener.open(request, timeout=UPLOAD_TIMEOUT_S) as response:
            response.read()
    except urllib.error.HTTPError as error:
        with error:
            raise meaning_of(error) from None
    except urllib.error.URLError as error:
        why = reason_of(error.reason) if isinstance(error.reason, OSError) else "the host cannot be reached"
        raise TransientError(why) from None
    except OSError as error:
        raise TransientError(reason_of(error)) from None
    except http.client.HTTPException as error:
        # Its text may quote the request, so only its kind is told.
        raise TransientError(f"the answer is not HTTP ({type(error).__name__})") from None


def meaning_of(error: urllib.error.HTTPError) -> TopWordsError | TransientError:
    """What an HTTP error says about the upload. The answer's body is not quoted: it can repeat the request."""
    code = re.sub(r"[^A-Za-z0-9]", "", error.headers.get("x-ms-error-code", ""))
    answer = f"HTTP {error.code} {code}".rstrip()
    if error.code in (401, 403):
        return TopWordsError(ExitCode.UPLOAD_REFUSED, f"upload refused: {answer}")
    if error.code in (408, 429) or error.code >= 500:
        return TransientError(answer, retry_after_s(error.headers.get("Retry-After")))
    return TopWordsError(ExitCode.UPLOAD_FAILED, f"upload failed: {answer}")


def retry_after_s(header: str | None) -> float | None:
    """Seconds to wait by a Retry-After header, which is a number or a date (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", header.strip()):
        wait_s = float(header)
    else:
        try:
            at = email.utils.parsedate_to_datetime(header)
            wait_s = (at - datetime.datetime.now(at.tzinfo)).total_seconds()
        except (TypeError, ValueError, OverflowError):
            return None
    return min(max(wait_s, 0.0), LONGEST_RETRY_AFTER_S)


def reason_of(error: OSError) -> str:
    return shown(error.strerror or type(error).__name__)


# What it says


def say(line: str) -> None:
    """A line on stdout, at once, so that a task can be watched."""
    say_all([line])


def say_all(lines: Iterable[str]) -> None:
    try:
        for line in lines:
            print(line)
        print(end="", flush=True)
    except OSError as error:
        abandon(sys.stdout)
        raise TopWordsError(ExitCode.CANNOT_WRITE, f"cannot write to stdout: {reason_of(error)}") from None


def complain(message: str) -> None:
    """A line on stderr; where nobody can be told, the exit code is left."""
    try:
        print(f"top_words: {message}", file=sys.stderr, flush=True)
    except OSError:
        abandon(sys.stderr)


def abandon(stream: TextIO) -> None:
    """What the stream still holds goes nowhere: Python's own flush at the exit would fail with a code of its own."""
    with contextlib.suppress(OSError, ValueError):  # a stream without a descriptor has no such flush
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


# The command line


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, where argparse would print the usage first."""

    def error(self, message: str) -> NoReturn:
        raise TopWordsError(ExitCode.BAD_ARGUMENTS, shown(message))


def at_least_one(text: str) -> int:
    if re.fullmatch(r"\s*\+?[0-9]{1,18}\s*", text) and int(text) >= 1:
        return int(text)
    raise argparse.ArgumentTypeError(f"not a whole number of at least 1: {text}")


def seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        value = float(text)
        if math.isfinite(value) and value >= 0:
            return value
    raise argparse.ArgumentTypeError(f"not a number of seconds: {text}")


def build_parser() -> Parser:
    codes = "\n".join(f"  {code:d}  {meaning}" for code, meaning in EXIT_CODE_MEANINGS.items())
    parser = Parser(
        prog="top_words.py",
        description="Counts the most common words of a text file and uploads the result to a blob container.",
        epilog=(
            f"environment:\n  {CONTAINER_URL_VARIABLE}\n"
            "     URL of the container with its shared access signature, in place of --storageaccount,\n"
            "     --storagecontainer and --sastoken: on a command line every process of the node reads it\n\n"
            f"exit codes:\n{codes}"
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--filepath", required=True, metavar="PATH", help="text file to count; $NAME and ${NAME} are replaced"
    )
    parser.add_argument(
        "--numwords", required=True, type=at_least_one, metavar="N", help="how many of the most common words"
    )
    parser.add_argument("--storageaccount", metavar="NAME", help="storage account of the output container")
    parser.add_argument("--storagecontainer", metavar="NAME", help="output container")
    parser.add_argument("--sastoken", metavar="SAS", help="shared access signature with write permission")
    parser.add_argument(
        "--output-name",
        metavar="NAME",
        help="name of the output blob (default: <name>_OUTPUT<extension> of PATH)",
    )
    parser.add_argument(
        "--delay",
        type=seconds,
        default=0.0,
        metavar="S",
        help="seconds to wait first, so that there is time to watch",
    )
    return parser


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    options, unknown = build_parser().parse_known_args(arguments)
    if unknown:
        # What is unknown may be half of a badly quoted signature: only an option's name is repeated.
        names = [re.split(r"[=?&]", word, maxsplit=1)[0] for word in unknown if re.match(r"--[a-z]", word)]
        listed = f" ({', '.join(names)})" if names else ""
        raise TopWordsError(ExitCode.BAD_ARGUMENTS, shown(f"arguments not understood: {len(unknown)}{listed}"))
    if options.output_name is not None and local_name(options.output_name) in ("", ".", ".."):
        raise TopWordsError(ExitCode.BAD_ARGUMENTS, f"--output-name names no file: {shown(options.output_name)}")
    if not options.filepath:
        raise TopWordsError(ExitCode.BAD_ARGUMENTS, "--filepath is empty")
    return options


def run(arguments: Sequence[str] | None, pause: Pause) -> None:
    options = parse(arguments)
    container = container_url(options.storageaccount, options.storagecontainer, options.sastoken)
    path = expanded(options.filepath)

    say(f"counting the words of {shown(path)}")
    if options.delay:
        pause(options.delay)
    counts, invalid_bytes = count_file(path)
    if invalid_bytes:
        complain(f"{shown(path)}: bytes that are not UTF-8 and were replaced: {invalid_bytes}")

    output_name = options.output_name or default_output_name(path)
    output = local_name(output_name)
    write_atomically(output, report(counts, options.numwords))
    say_all(report(counts, options.numwords))

    upload(output, blob_url(container, output_name), pause)
    say(f"uploaded {shown(output_name)}")


def main(arguments: Sequence[str] | None = None, pause: Pause = time.sleep) -> int:
    for stream in (sys.stdout, sys.stderr):
        # A node's locale may be C; a word must print there too.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        run(arguments, pause)
        return int(ExitCode.DONE)
    except TopWordsError as failure:
        exit_code, message = failure.exit_code, failure.message
    except MemoryError:
        exit_code, message = ExitCode.INPUT_UNREADABLE, "the words of the input do not fit into this node's memory"
    # Said only here, where the error's traceback no longer holds what filled the memory.
    complain(message)
    return int(exit_code)


if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Ends by the signal, as it does by SIGTERM, not by a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(main())

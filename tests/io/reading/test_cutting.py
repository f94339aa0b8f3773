from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import polars as pl

from recon.io.reading import cutting, lines
from recon.io.reading.contract import RawRows
from recon.io.reading.cut_text import CutText, Spans
from recon.io.reading.cutting import Dialect, Layout, finish, frame_of, rows_of, tokenise
from recon.io.reading.lines import Lines

READ = """
import json, sys, pathlib
from recon.core.kernels import text_columns, tokenise
from recon.core.warm.cut import warm_cut
from recon.io.formats import delimited, unionpay_zm
from recon.io.reading.contract import Options, Reading, StagedFile

def signatures():
    return {
        f"{module.__name__}.{name}": [str(one) for one in kernel.signatures]
        for module in (text_columns, tokenise)
        for name, kernel in vars(module).items()
        if hasattr(kernel, "signatures") and not name.startswith("_")
    }

warm_cut()
before = signatures()
quoted = b'id,amt\\n"A",1\\n#c\\nB\\nC,"2\\n'
for text in (b"id,amt\\nA,1\\n", quoted, "id,amt\\n工,1\\n".encode("gb18030")):
    path = pathlib.Path(sys.argv[1])
    path.write_bytes(text)
    options = Options(columns={"order_id": "id", "amount": "amt"}, comment="#", encoding="gb18030")
    staged = StagedFile(path, "x", "", len(text), None)
    list(delimited.read(staged, options, Reading()))
print(json.dumps([before, signatures()]))
"""


def block_of(tmp_path, raw, encoding="utf-8"):
    path = tmp_path / "text"
    path.write_bytes(raw)
    with path.open("rb") as stream:
        return Lines(stream, "text", encoding).take()


def test_warming_compiles_what_readers_use(tmp_path):
    """After `recon warmup`, reading compiles no further form of any cutting kernel."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path / "file")],
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = json.loads(done.stdout)
    assert before == after


def test_plain_blocks_and_blocks_with_quotes_give_the_same_rows(tmp_path):
    """The two ways of cutting agree on text that both can cut, alignment aside."""
    raw = b"".join(b"%d,%d.00,n%d\r\n" % (n, n, n) for n in range(100)) + b"x,y\n"
    layout = Layout(("a", "b", "c"), ("c", "a"))
    for skipped in range(9):
        block = block_of(tmp_path, raw).after(skipped)
        results = []
        for dialect in (Dialect(b","), Dialect(b",", quote=ord("n"))):
            batch = finish(block, tokenise(block, dialect, layout), dialect, layout)
            results.append(batch)
        plain, quoted = results
        assert plain.rows.record_no.tolist() == list(range(skipped + 1, 101))
        assert plain.rows.columns["c"].to_pylist() == [f"n{n}" for n in range(skipped, 100)]
        assert [reject.record_no for reject in plain.rejects] == [101]
        assert plain.lines == quoted.lines == 101 - skipped


def test_blocks_in_flight_are_bounded():
    """Memory is bounded by the blocks in flight, whatever the size of the file."""
    assert cutting.AHEAD * lines.BLOCK_BYTES <= 64 << 20


def test_columns_that_a_reader_leaves_alone_are_not_looked_for_again():
    """What a frame has as it was still lies in the block; what is made anew lies elsewhere."""
    block = np.frombuffer(b"abc,xyz", np.uint8)
    spans = {"one": Spans(np.array([0]), np.array([3])), "two": Spans(np.array([4]), np.array([7]))}
    place = np.zeros(1, np.int64)
    rows = RawRows(CutText(block, 1, spans), place, place, place)
    derived = rows_of(frame_of(rows).with_columns(two=pl.col("two") + "!"), rows)
    assert derived.buffers("one").data is block
    assert derived.buffers("one").text(0) == "abc"
    assert derived.buffers("two").text(0) == "xyz!"

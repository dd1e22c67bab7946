"""The rows that the article on data shows are found faulty as it prints."""

from tests.checkout import ROOT
from training.data import check

EXAMPLES = ROOT / "docs" / "data" / "examples"


def test_the_articles_six_rows_give_the_printed_findings():
    file = EXAMPLES / "six_rows.jsonl"
    found = [str(finding).replace(str(file), file.name) for finding in check.check_file(file)]
    printed = (EXAMPLES / "six_rows.txt").read_text(encoding="utf-8").splitlines()
    assert found == printed

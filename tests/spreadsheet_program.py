"""LibreOffice as a clerk's spreadsheet program: it opens a workbook, computes it anew and saves it in its own way."""

import subprocess
import tempfile
from pathlib import Path

PATIENCE_SECONDS = 180


def saved_by_libreoffice(content: bytes) -> bytes:
    """Formulas without a computed value are computed; one run of the program, in a profile of its own."""
    with tempfile.TemporaryDirectory(prefix="hub-soffice-") as folder:
        source, target = Path(folder) / "workbook.xlsx", Path(folder) / "saved"
        source.write_bytes(content)
        command = [
            "soffice",
            f"-env:UserInstallation=file://{folder}/profile",
            "--headless",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            str(target),
            str(source),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_SECONDS)
        return (target / source.name).read_bytes()

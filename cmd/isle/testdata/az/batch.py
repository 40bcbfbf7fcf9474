"""Runs the commands of an az CLI in one process, whose start takes longer than all of them.

The standard input has one command a line, each is answered by a line of JSON: its exit code
("code"), what it printed ("out") and what it said ("err").

An az of Debian may ask its SDK for versions that the SDK of Debian does not have, and then
fails before it sends anything. Such a version is replaced by the newest one that is there.
"""

import contextlib
import importlib
import importlib.util
import io
import json
import logging
import pkgutil
import re
import shlex
import sys

from azure.cli.core import get_default_cli
from azure.cli.core.profiles import ResourceType, _shared


def replace_missing(resource, name):
    package = importlib.import_module(name)
    there = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if re.fullmatch(r"v\d{4}_\d\d_\d\d", m.name))
    wanted = _shared.AZURE_API_PROFILES["latest"][resource]
    wanted = getattr(wanted, "default_api_version", wanted)
    if not there or "v" + wanted.replace("-", "_") in there:
        return
    newest = there[-1]
    _shared.AZURE_API_PROFILES["latest"][resource] = newest[1:].replace("_", "-")
    if importlib.util.find_spec(f"{name}.{newest}.operations") is None:
        sys.modules[f"{name}.{newest}.operations"] = importlib.import_module(name + ".operations")


def run(words):
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = get_default_cli().invoke(words, out_file=out)
    except SystemExit as e:
        code = e.code
    for name in ("cli", "azure", "az_command_data_logger"):  # each command adds its own
        logger = logging.getLogger(name)
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
    return {"code": code or 0, "out": out.getvalue(), "err": err.getvalue()}


replace_missing(ResourceType.MGMT_NETWORK, "azure.mgmt.network")
replace_missing(ResourceType.MGMT_COMPUTE, "azure.mgmt.compute")
answers = sys.stdout
for line in sys.stdin:
    print(json.dumps(run(shlex.split(line)[1:])), file=answers, flush=True)

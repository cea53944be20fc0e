# ruff: noqa: E501 - programs are shown as they are
"""JavaScript runs under the general profile: bounded, unable to reach out, gone when it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.runner import Profile, Status
from deepcoder_cli.types import Limits
from tests.adversarial.attack import GENERAL, OUT_OF_TIME, STOPPED, Attack, cases, controls

if TYPE_CHECKING:
    from tests.adversarial.conftest import Repel, Succeeds

SAY = "const fs = require('fs');\nfunction got() { fs.writeSync(1, 'got-' + 'through\\n'); }\n"
LIMITS = Limits(cpu_s=1.5, wall_s=12, memory_mib=256)


def script(
    name: str, body: str, statuses: frozenset[Status] = STOPPED, *, no_control: str = ""
) -> Attack:
    return Attack(
        name, SAY + body, statuses, GENERAL, limits=LIMITS, no_control=no_control,
        language=Language.JAVASCRIPT,
    )  # fmt: skip


ATTACKS = (
    script("reading the secret", "fs.readFileSync('VICTIM/secret'); got();"),
    script("reading passwd", "fs.readFileSync('/etc/passwd'); got();"),
    script("writing", "if (fs.existsSync('VICTIM/secret')) { fs.writeFileSync('VICTIM/evil', 'x');"
           " got(); }"),
    script("the environment", "if (process.env.CANARY) got();"),
    script("killing all others", """\
for (const pid of fs.readdirSync('/proc').filter(n => /^\\d+$/.test(n) && n != process.pid)) {
  try { process.kill(+pid, 'SIGKILL'); } catch (e) {}
}
setTimeout(() => {
  if (fs.readdirSync('/proc').filter(n => /^\\d+$/.test(n)).length < 2) got();
}, 100);
""", no_control="PID 1 of the control is deaf, too"),
    script("a shell", "if (require('child_process').execFileSync('/bin/sh', ['-c', 'echo x'])) got();"),
    script("400 processes", """\
const {spawn} = require('child_process');
let made = 0;
for (let i = 0; i < 150; i++) {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 3000)'], {stdio: 'ignore'});
  child.on('error', () => {});
  if (child.pid) made++;
}
if (made == 150) got();
process.exit(0);
""", no_control="150 of them are too many for a small machine"),
    script("600 MiB of buffers", """\
const held = [];
for (let i = 0; i < 600; i++) held.push(Buffer.alloc(1 << 20, 1));
setTimeout(() => { if (held.length == 600) got(); }, 300);
"""),
    script("a socket", """\
const net = require('net');
net.createServer().listen(0, '127.0.0.1', function () { got(); this.close(); });
"""),
    script("native code", "process.dlopen({exports: {}}, 'VICTIM/secret'); got();",
           no_control="fails anywhere: it is no library"),
)  # fmt: skip
ENDLESS = (
    script("busy", "while (true) {}", OUT_OF_TIME),
    script("a fork bomb", """\
const {spawn} = require('child_process');
const again = () => { try { spawn(process.execPath, [__filename], {stdio: 'ignore', detached: true})
  .on('error', () => {}).unref(); } catch (e) {} };
setInterval(again, 1);
""", OUT_OF_TIME | {Status.MEMORY_LIMIT}),
)  # fmt: skip


@pytest.mark.parametrize(("attack", "profile"), cases((*ATTACKS, *ENDLESS), slow_general=False))
def test_it_is_repelled(attack: Attack, profile: Profile, repel: Repel) -> None:
    repel(attack, profile)


@pytest.mark.slow
@pytest.mark.parametrize("attack", controls(ATTACKS))
def test_it_succeeds_without_the_sandbox(attack: Attack, succeeds: Succeeds) -> None:
    succeeds(attack)

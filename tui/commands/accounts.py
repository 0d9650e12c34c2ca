"""`batch-tui accounts`: the accounts that runs can go to, set up, tested and chosen."""

from __future__ import annotations

import sys
from functools import partial

import click

from tui import wiring
from tui.commands.account_entry import account_of_paste, account_of_questions
from tui.commands.groups import GuardedGroup, is_read_only
from tui.commands.terminal import is_terminal
from tui.console.account_list import account_json, account_table, check_json, check_lines
from tui.console.interruption import Interruption
from tui.console.safe_text import Output, shown
from tui.core.account_check import CheckResult
from tui.core.account_draft import AccountDraft
from tui.core.accounts import ENVIRONMENT_NAME, SANDBOX_NAME, AccountKind
from tui.core.errors import InputError

_FAILED_CHECK_EXIT_CODE = 3


class AccountsGroup(GuardedGroup):
    changing = frozenset({"add", "remove", "use"})


@click.group("accounts", cls=AccountsGroup, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int:
    """The accounts that runs can go to; without a command, lists them.

    The variables AZURE_BATCH_* make one called `environment`, which comes before the others.
    """
    return 0 if context.invoked_subcommand is not None else _list(as_json=False)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def list_command(as_json: bool) -> int:
    """Every account, the current one marked."""
    return _list(as_json=as_json)


def _list(*, as_json: bool) -> int:
    output = Output(sys.stdout)
    accounts = wiring.account_desk().overview().accounts
    if as_json:
        output.json([account_json(account) for account in accounts], indent=2)
    else:
        output.lines(account_table(accounts))
    return 0


@command.command("add")
@click.argument("name", required=False)
@click.option("--entra", is_flag=True, help="Sign in with Microsoft Entra ID, as `az login` does; no keys.")
@click.option("--batch-endpoint", metavar="URL", help="Such as mybatch.westeurope.batch.azure.com.")
@click.option("--batch-account", metavar="NAME", help="The first part of the Batch endpoint by itself.")
@click.option("--storage-account", metavar="NAME", help="The storage account that is linked to it.")
@click.option("--storage-endpoint", metavar="URL", help="Azure's own by itself.")
def add_command(
    name: str | None,
    entra: bool,
    batch_endpoint: str | None,
    batch_account: str | None,
    storage_account: str | None,
    storage_endpoint: str | None,
) -> int:
    """Set an account up under NAME and make it the current one.

    At a terminal it asks for what is missing, keys unseen. Otherwise it reads stdin: a tutorial's script, exports, what
    `az batch account keys list` prints, a connection string. Keys are never arguments.
    """
    output, desk = Output(sys.stdout), wiring.account_desk()
    draft = AccountDraft(
        kind=AccountKind.ENTRA if entra else AccountKind.SHARED_KEY,
        name=name or "",
        batch_account=batch_account or "",
        batch_endpoint=batch_endpoint or "",
        storage_account=storage_account or "",
        storage_endpoint=storage_endpoint or "",
    )
    overview = desk.overview()
    taken = [account.name for account in overview.accounts]
    if name is not None and name in taken:
        raise InputError(f"There is an account {name!r} already", "", "Remove it first, or choose another name.")
    if is_terminal():
        if not entra:
            Output(sys.stderr).line(f"Keys are kept in {overview.key_place.words}.")
        account = account_of_questions(draft, taken)
    else:
        account = account_of_paste(draft, taken)
    saved = desk.save(account)
    where = f"; its keys are in {saved.keys_in}" if saved.keys_in else ""
    output.line(f"Account {saved.name} is set up and the current one{where}.")
    output.line(f"`batch-tui accounts test {saved.name}` tells whether it can be used.")
    return 0


@command.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove_command(name: str, yes: bool) -> int:
    """Forget an account and its keys on this machine; nothing on Azure is touched."""
    if name == ENVIRONMENT_NAME:
        raise InputError("The environment's account is not kept here", "", "Unset the AZURE_BATCH_* variables.")
    desk = wiring.account_desk()
    if not yes:
        if not is_terminal():
            raise InputError("Nobody is there to ask", "remove forgets the account's keys", "say --yes")
        click.confirm(
            shown(f"Forget {name} and its keys? Its runs can be resumed and cleaned once it is added again."),
            abort=True,
        )
    desk.remove(name)
    Output(sys.stdout).line(f"Account {name} is forgotten on this machine.")
    return 0


@command.command("test")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def test_command(context: click.Context, name: str | None, as_json: bool) -> int:
    """Try everything a run needs of an account: NAME, or the current one. Exit code 3 where something fails."""
    output = Output(sys.stdout)
    desk = wiring.account_desk(may_write=not is_read_only(context))
    current = desk.overview().current
    wanted = name or (SANDBOX_NAME if current is None else current.name)
    with Interruption() as interruption:
        account = desk.account(wanted)
        if not as_json:
            output.line(f"Account {account.name} at {account.batch_endpoint}")
        checklist = desk.check(account, interruption.stop, partial(_tell, output, as_json))
    if not as_json:
        failed = len(checklist.failed)
        output.line(f"{failed} of {len(checklist.results)} failed." if failed else "It can be used.")
    return 0 if checklist.is_good else _FAILED_CHECK_EXIT_CODE


def _tell(output: Output, as_json: bool, result: CheckResult) -> None:
    if not result.state.is_settled:
        return
    if as_json:
        output.json(check_json(result))
    else:
        output.lines(check_lines(result))


@command.command("use")
@click.argument("name")
def use_command(name: str) -> int:
    """Make NAME the account that runs go to where none is named; `sandbox` starts the sandbox."""
    desk = wiring.account_desk()
    output = Output(sys.stdout)
    if name == ENVIRONMENT_NAME:
        raise InputError("The environment's account cannot be chosen", "while it is set, it is the current one anyway")
    desk.use(name)
    output.line(f"Runs go to {name} now, where no other account is named.")
    if any(account.is_temporary and account.is_current for account in desk.overview().accounts):
        output.line("While AZURE_BATCH_* are set, the account of the environment comes before it.")
    return 0

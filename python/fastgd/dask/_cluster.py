"""The cluster that a client points to, and whether its workers can do what they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from distributed import Client, get_client, wait

from .. import _validation as check

if TYPE_CHECKING:
    from collections.abc import Iterable

    from distributed import Future

# How often a task is tried again that has raised, as one does whose data cannot be read for a moment. Those of a worker
# that is gone are made again in any case.
RETRIES = 2


def client_of(given: Any) -> Client:
    """The client that is given, or else the current one, where all workers have this package."""
    if given is not None and not isinstance(given, Client):
        raise check.refuse("client", "a distributed.Client or None", given, TypeError)
    if given is None:
        try:
            given = get_client()
        except ValueError:
            raise ValueError(
                "client must be given where there is no current one, got None; distributed.Client() starts workers on "
                "this machine"
            ) from None
    if given.asynchronous:
        raise ValueError("client must not be asynchronous: a fit waits for its rounds")
    _refuse_workers_without_us(given)
    return given


def _refuse_workers_without_us(client: Client) -> None:
    # A function within one goes to workers as it is, not by the name of a module that they may not have.
    def has_us() -> bool:
        from importlib.util import find_spec

        return find_spec("fastgd") is not None

    found = client.run(has_us)
    if not found:
        raise ValueError("client must have at least one worker, got none")
    missing = [address for address, has in found.items() if not has]
    if missing:
        raise ModuleNotFoundError(
            f"fastgd is not installed on the worker {', '.join(missing)}: pip install fastgd there"
        )


def by_worker(client: Client, futures: dict[int, Future]) -> list[tuple[str, list[int]]]:
    """The address of each worker and the numbers of the results that it holds, once they are there."""
    wait(list(futures.values()))
    places: dict[str, list[int]] = {}
    holders = client.who_has(list(futures.values()))
    for number, future in futures.items():
        # One whose worker is gone just now is made where it is asked for.
        places.setdefault(min(holders.get(future.key) or ("",)), []).append(number)
    return sorted(places.items())


def at(address: str) -> dict[str, Any]:
    """Options of a task that is for this worker, or for another where there is none of that address."""
    return {"workers": [address], "allow_other_workers": True} if address else {}


def gathered(client: Client, tasks: Iterable[Future]) -> list[Any]:
    """The results of tasks; whatever ends the wait for them, cancels them."""
    waited = list(tasks)
    try:
        results: list[Any] = client.gather(waited)
    except BaseException:
        client.cancel(waited)
        raise
    return results

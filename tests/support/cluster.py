"""`./run cluster`: two nodes, PostgreSQL and Redis on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import signal
import tempfile
from pathlib import Path

from tests.support.postgres import PostgresServer
from tests.support.redis import RedisServer
from tests.support.serving import Server


def said(of: str) -> None:
    print(of, flush=True)


async def start(nodes: list[Server]) -> None:
    for number, node in enumerate(nodes, 1):
        await node.start()
        said(f"node {number}: {node.address} (its log: {node.log})")
        for role, url in node.links.items():
            said(f"node {number} {role}: {url}")


async def run(port: int, stopped: asyncio.Event) -> None:
    """Serves until `stopped`; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="ithaca-cluster-") as folder:
        said("Starting PostgreSQL and Redis ...")
        postgres = await asyncio.to_thread(PostgresServer)
        redis = await asyncio.to_thread(RedisServer)
        nodes = [
            Server(
                Path(folder, f"node-{number}"),
                database=postgres.url("postgres"),
                redis_url=redis.url,
                port=port + number - 1,
                patience_s=300,
            )
            for number in (1, 2)
        ]
        starting = asyncio.create_task(start(nodes))
        waiting = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait((starting, waiting), return_when=asyncio.FIRST_COMPLETED)
            if not stopped.is_set():
                await starting
                said(f"PostgreSQL: {postgres.url('postgres')}")
                said(f"Redis: {redis.url}")
                said("Open the mentor's link of one node and the mentee's of the other.")
                said("Ctrl-C stops all, and leaves nothing.")
                await waiting
        finally:
            said("Stopping ...")
            starting.cancel()
            await asyncio.gather(*(node.stop() for node in nodes))
            redis.stop()
            postgres.stop()


async def main() -> None:
    parser = argparse.ArgumentParser(prog="./run cluster", description=__doc__)
    parser.add_argument("--port", type=int, default=8001, help="of the first node; 8001")
    port = parser.parse_args().port
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await run(port, stopped)


if __name__ == "__main__":
    asyncio.run(main())

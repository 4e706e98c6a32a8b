"""The coordinator of a farm, as one job sees it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import Any, TypeVar

import grpc
from labgrid.remote.client import ClientSession, ServerError
from labgrid.remote.common import Place, ReservationState
from labgrid.remote.generated import labgrid_coordinator_pb2 as messages

from pytest_embedded_hotreload.farm.errors import FarmError
from pytest_embedded_hotreload.farm.places import BOARD, SERIAL, Tags

T = TypeVar("T")

#: that a coordinator has for its first answer
CONNECT_SECONDS = 15
#: an exporter has 10 s to let go of each resource
ANSWER_SECONDS = 60


class Coordinator:
    """The places, and the requests that change who has them. All raise `FarmError`."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(cls, address: str) -> AsyncIterator["Coordinator"]:
        """A connection as the user that LG_HOSTNAME and LG_USERNAME name."""
        session = ClientSession(address, asyncio.get_running_loop())
        try:
            await asyncio.wait_for(session.start(), CONNECT_SECONDS)
        except (ServerError, TimeoutError) as error:
            await session.close()
            raise FarmError(
                f"the coordinator {address} does not answer: is labgrid-coordinator running there, "
                "and is it the address? (--coordinator, LG_COORDINATOR)"
            ) from error
        try:
            yield cls(session)
        finally:
            session.stopping.set()
            await session.stop()
            await session.close()

    @property
    def user(self) -> str:
        """By which places tell who holds them."""
        return f"{self._session.gethostname()}/{self._session.getuser()}"

    @property
    def places(self) -> Mapping[str, Place]:
        """All places, kept up to date."""
        places: dict[str, Place] = self._session.places
        return places

    def with_tags(self, tags: Tags) -> list[Place]:
        """The places that have all of `tags`; `name` is one, too."""
        return [
            place
            for _, place in sorted(self.places.items())
            if ({"name": place.name} | place.tags).items() >= tags.items()
        ]

    def resources(self, place: Place) -> dict[str, dict[str, Any]]:
        """The parameters of what a place has, by class.

        What describes the board need not match: it is that of the port's group.
        """
        found: dict[str, dict[str, Any]] = {}
        for exporter, groups in self._session.resources.items():
            for group, entries in groups.items():
                matching = {
                    entry.cls: entry.args
                    for name, entry in entries.items()
                    if entry.data.get("cls") and place.hasmatch((exporter, group, entry.cls, name))
                }
                found |= matching
                if SERIAL in matching:
                    found |= {
                        entry.cls: entry.args
                        for entry in entries.values()
                        if entry.data.get("cls") == BOARD
                    }
        return found

    async def reserve(self, tags: Tags, priority: float) -> str:
        """Queue for a place with all of `tags`; the token of the reservation.

        It is forgotten when nobody asks for its place for a minute.
        """
        wanted = {"main": messages.Reservation.Filter(filter=tags)}
        answer = await self._ask(
            self._session.stub.CreateReservation(
                messages.CreateReservationRequest(filters=wanted, prio=priority)
            )
        )
        token: str = answer.reservation.token
        return token

    async def allocated(self, token: str) -> str | None:
        """The place that a reservation has got, if any."""
        answer = await self._ask(
            self._session.stub.PollReservation(messages.PollReservationRequest(token=token))
        )
        reservation = answer.reservation
        if ReservationState(reservation.state) is not ReservationState.allocated:
            return None
        place: str = reservation.allocations["main"]
        return place

    async def acquire(self, name: str) -> None:
        """Have a place."""
        await self._ask(
            self._session.stub.AcquirePlace(messages.AcquirePlaceRequest(placename=name))
        )
        await self._session.sync_with_coordinator()

    async def release(self, name: str) -> None:
        """Give up a place, if it is ours."""
        await self._ask(
            self._session.stub.ReleasePlace(
                messages.ReleasePlaceRequest(placename=name, fromuser=self.user)
            )
        )

    async def free(self) -> list[str]:
        """Give up all places and reservations of this user, whoever has made them."""
        held = [place.name for place in self.places.values() if place.acquired == self.user]
        for name in held:
            await self.release(name)
        answer = await self._ask(
            self._session.stub.GetReservations(messages.GetReservationsRequest())
        )
        for reservation in answer.reservations:
            if reservation.owner == self.user:
                await self.cancel(reservation.token)
        return held

    async def cancel(self, token: str) -> None:
        """Give up a reservation."""
        await self._ask(
            self._session.stub.CancelReservation(messages.CancelReservationRequest(token=token))
        )

    async def lost(self) -> None:
        """Wait until the coordinator has gone."""
        await self._session.stopping.wait()

    @staticmethod
    async def _ask(call: Awaitable[T]) -> T:
        try:
            return await asyncio.wait_for(call, ANSWER_SECONDS)
        except grpc.aio.AioRpcError as error:
            told = " ".join((error.details() or error.code().name).split())
            raise FarmError(f"the coordinator says: {told}") from error
        except TimeoutError as error:
            raise FarmError(f"the coordinator does not answer within {ANSWER_SECONDS} s") from error

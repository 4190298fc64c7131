"""The sockets between client and kernel, and the messages on them. Used by one thread only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import zmq

#: Messages larger than this are not unpacked: doing so would hold every thread for too long.
MESSAGE_LIMIT = 48_000_000
#: Messages from the kernel that may wait for us; beyond it the kernel drops outputs.
QUEUE_LIMIT = 20_000

Message = dict[str, Any]


class Channels:
    """Shell, control, stdin and iopub of one kernel."""

    def __init__(self, context: zmq.Context[Any], connection: Mapping[str, Any]) -> None:
        from jupyter_client.session import Session  # in the kernel's thread: the window is first

        self._session = Session(
            key=str(connection["key"]).encode(),
            signature_scheme=connection.get("signature_scheme", "hmac-sha256"),
        )
        self._connection = connection
        self.shell = self._connect(context, zmq.DEALER, "shell")
        self.control = self._connect(context, zmq.DEALER, "control")
        self.stdin = self._connect(context, zmq.DEALER, "stdin")
        self.iopub = self._connect(context, zmq.SUB, "iopub")
        self.sockets = (self.iopub, self.shell, self.stdin, self.control)

    def send(
        self,
        socket: zmq.Socket[Any],
        kind: str,
        content: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
    ) -> str:
        """Send a message and return its id."""
        message = self._session.msg(kind, dict(content), metadata=dict(metadata or {}))
        self._session.send(socket, message)
        return str(message["header"]["msg_id"])

    def receive(self, socket: zmq.Socket[Any], most: int) -> Iterator[Message]:
        """Yield up to `most` messages that have arrived; the rest waits.

        One that is too large comes without content, with its size as "too_large".
        """
        for _ in range(most):
            try:
                frames = socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            message = self._unpack(frames)
            if message is not None:
                yield message

    @property
    def session(self) -> str:
        """The id that our messages carry."""
        return str(self._session.session)

    def close(self, linger: int = 0) -> None:
        """Close the sockets; what cannot be sent within `linger` milliseconds is dropped."""
        for socket in self.sockets:
            socket.close(linger=linger)

    def _unpack(self, frames: list[bytes]) -> Message | None:
        frames = frames[frames.index(b"<IDS|MSG>") + 1 :] if b"<IDS|MSG>" in frames else []
        if len(frames) < 5:
            return None
        size = len(frames[4])
        try:
            if size > MESSAGE_LIMIT:
                message = {
                    "header": self._session.unpack(frames[1]),
                    "parent_header": self._session.unpack(frames[2]),
                    "content": {},
                    "too_large": size,
                }
                return message | {"msg_type": message["header"]["msg_type"]}
            unpacked: Message = self._session.deserialize(frames)
        except (ValueError, TypeError, KeyError):
            return None  # a wrong signature, or not a message: nothing that our kernel sent
        return unpacked

    def _connect(self, context: zmq.Context[Any], kind: int, name: str) -> zmq.Socket[Any]:
        socket: zmq.Socket[Any] = context.socket(kind)
        socket.linger = 0
        socket.reconnect_ivl = 20  # milliseconds; the kernel binds a moment later
        if kind == zmq.SUB:
            socket.subscribe(b"")
            socket.rcvhwm = QUEUE_LIMIT
        else:
            # The kernel asks for input where the request came from.
            socket.identity = self._session.bsession
        info = self._connection
        separator = "-" if info["transport"] == "ipc" else ":"
        socket.connect(f"{info['transport']}://{info['ip']}{separator}{info[name + '_port']}")
        return socket

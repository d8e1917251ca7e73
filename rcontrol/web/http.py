"""HTTP as uvicorn speaks it, with an answer in JSON to what is not HTTP, too."""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from rcontrol.web import problems
from rcontrol.web.problems import Problem


class HttpProtocol(H11Protocol):
    """One connection."""

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be understood, unless an answer is under way, and hang up."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            answer = problems.answer(Problem(400, "Invalid HTTP request", msg))
            headers = [*answer.raw_headers, (b"connection", b"close")]
            for event in (
                h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
                h11.Data(data=bytes(answer.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

"""Security headers: what a browser may do with each answer of the server."""

import re
import secrets

from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import OutputTransform

SCRIPT = re.compile(rb"<script(?=[\s>])")

# Bokeh compiles the code of its callbacks (unsafe-eval), components are modules created at run time
# (blob:), and their styles are inserted into the page (unsafe-inline). Only inline scripts with the
# page's own nonce run; event attributes such as onerror never run.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'nonce-{nonce}' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors {ancestors}",
    )
)


def make_security_headers(ancestors: str = "'self'") -> type[OutputTransform]:
    """A tornado transform that adds the headers; pages of ``ancestors`` may embed our page."""

    class SecurityHeaders(OutputTransform):
        def __init__(self, request: HTTPServerRequest) -> None:
            super().__init__(request)
            self._nonce = secrets.token_urlsafe(16)

        def transform_first_chunk(
            self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
        ) -> tuple[int, HTTPHeaders, bytes]:
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "same-origin"
            headers["Cross-Origin-Opener-Policy"] = "same-origin"
            headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
            headers["Content-Security-Policy"] = POLICY.format(
                nonce=self._nonce, ancestors=ancestors
            )
            if ancestors == "'self'":
                headers["X-Frame-Options"] = "SAMEORIGIN"
            # The server's name and version would tell an attacker which faults to try.
            headers.pop("Server", None)
            if finishing and headers.get("Content-Type", "").startswith("text/html"):
                chunk = SCRIPT.sub(f'<script nonce="{self._nonce}"'.encode(), chunk)
                if "Content-Length" in headers:
                    headers["Content-Length"] = str(len(chunk))
            return status_code, headers, chunk

    return SecurityHeaders

"""Session fixation: no link, header or cookie leads a visitor into the session of an attacker."""

import asyncio
import random
from urllib.parse import quote

import pytest
from bokeh.util.token import get_session_id
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse

from tests.support.servers import read_metrics, serve_app
from tests.support.threads import run_in_new_loop
from tests.support.websocket_client import TOKEN, WebSocketClient

NAMES = ("bokeh-session-id", "bokeh-token")
PATHS = ("/", "/autoload.js?bokeh-autoload-element=a", "/metadata")


def encode(text: str, dice: random.Random) -> str:
    """Write some characters of a name in another way that a server understands."""
    kinds = (str, str.upper, lambda each: f"%{ord(each):02x}")
    return "".join(dice.choice(kinds)(each) for each in text)


def make_request(url: str, values: dict[str, str], dice: random.Random) -> HTTPRequest:
    """A visitor's request that names the attacker's session or token somewhere."""
    name = dice.choice(NAMES)
    value, path = values[name], dice.choice(PATHS)
    headers, place = {}, dice.randrange(4)
    if place == 0:
        pairs = [("seed", "3"), (encode(name, dice), quote(value)), ("sigma", "2")]
        dice.shuffle(pairs)
        separator = "&" if "?" in path else "?"
        path += separator + "&".join(f"{key}={each}" for key, each in pairs)
    elif place == 1:
        headers["".join(dice.choice((str.upper, str.lower))(each) for each in name)] = value
    elif place == 2:
        headers["Cookie"] = f"a=b; {name}={value}"
    else:
        separator = "&" if "?" in path else "?"
        path += f"{separator}{name}=&{name}={quote(value)}"
    return HTTPRequest(url + path, headers=headers, request_timeout=60)


async def attack(url: str, n_requests: int) -> None:
    dice = random.Random(2)
    attacker = WebSocketClient(url)
    await attacker.open()
    session = get_session_id(attacker.token)
    values = {"bokeh-session-id": session, "bokeh-token": attacker.token}
    for _ in range(n_requests):
        request = make_request(url, values, dice)
        answer: HTTPResponse = await AsyncHTTPClient().fetch(request, raise_error=False)
        text = answer.body.decode()
        # A name that the server does not understand is no name: the visitor gets a new session.
        found = TOKEN.search(text)
        assert answer.code == 403 or (found and get_session_id(found[1]) != session), request.url
        assert session not in text
        assert attacker.token not in text
    # Sessions that no browser connected to end, and the attacker's own session is all that is left.
    async with asyncio.timeout(90):
        while (await read_metrics(url))["clusterer_sessions"] > 1:
            await asyncio.sleep(0.5)
    assert (await read_metrics(url))["clusterer_tokens_refused_total"] > n_requests / 2
    assert attacker.errors == []
    await attacker.close()


@pytest.mark.parametrize("n_requests", [60, pytest.param(2_000, marks=pytest.mark.long)])
def test_no_request_leads_into_the_session_of_another_visitor(n_requests: int) -> None:
    with serve_app() as url:
        run_in_new_loop(attack(url, n_requests))

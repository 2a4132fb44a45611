"""What one callback changes reaches the browser as one message, and arrives whole."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.models import Column, ColumnDataSource, Div, Slider
from bokeh.server.server import Server
from bokeh.util.token import generate_jwt_token, generate_session_id
from tornado.websocket import websocket_connect

from widgets.sockets import prepare_sockets

SIZES = [1, 40, 400, 20_000]


def build(document):
    """A slider; turned, it changes a text twice, brings a new one, and fills a table."""
    slider = Slider(name="slider", start=-1, end=9, value=-1)
    text, held, table = Div(name="text"), Column(name="held"), ColumnDataSource(name="table")

    def change(attr, old, new):
        text.text = "once"
        fresh = Div(text="fresh")
        held.children = [fresh]
        fresh.text = "changed"
        text.text = "twice"
        table.data = {name: np.zeros(SIZES[new]) for name in "xyz"}
        table.data = {"x": np.arange(SIZES[new], dtype=float)}

    slider.on_change("value", change)
    for root in (slider, text, held, table):
        document.add_root(root)


async def read_message(socket):
    head, _, content = [json.loads(await socket.read_message()) for _ in range(3)]
    buffers = {}
    for _ in range(head.get("num_buffers", 0)):
        ref = json.loads(await socket.read_message())
        buffers[ref["id"]] = await socket.read_message()
    return head["msgtype"], content, buffers


async def turn(value):
    """All messages from the turn of the slider to the server's answer."""
    server = Server(Application(FunctionHandler(build)), port=0)
    server.start()
    try:
        token = generate_jwt_token(generate_session_id())
        url = f"ws://localhost:{server.port}/ws"
        socket = await websocket_connect(url, subprotocols=["bokeh", token])
        assert (await read_message(socket))[0] == "ACK"
        session = server.get_sessions("/")[0]
        model = session.document.get_model_by_name("slider")
        event = {"kind": "ModelChanged", "model": {"id": model.id}, "attr": "value", "new": value}
        for part in ({"msgid": "1", "msgtype": "PATCH-DOC"}, {}, {"events": [event]}):
            socket.write_message(json.dumps(part))
        messages = []
        while not messages or messages[-1][0] == "PATCH-DOC":
            messages.append(await asyncio.wait_for(read_message(socket), 30))
        socket.close()
        while await socket.read_message() is not None:
            pass
        return messages
    finally:
        server.stop()
        server.unlisten()


@pytest.mark.parametrize("value", range(len(SIZES)))
def test_one_callback_is_one_message(value):
    prepare_sockets()
    prepare_sockets()
    with ThreadPoolExecutor(1) as pool:
        messages = pool.submit(asyncio.run, turn(value)).result()
    assert [kind for kind, _, _ in messages] == ["PATCH-DOC", "OK"]
    _, content, buffers = messages[0]
    events = content["events"]
    texts = [each["new"] for each in events if each.get("attr") == "text"]
    assert texts == ["once", "changed", "twice"]
    # The new model is told of once, as it is when all is done.
    [told] = next(each for each in events if each.get("attr") == "children")["new"]
    assert told["attributes"]["text"] == "changed"
    column = events[-1]["data"]["entries"][0][1]
    values = np.frombuffer(buffers[column["array"]["data"]["id"]])
    np.testing.assert_array_equal(values, np.arange(SIZES[value]))

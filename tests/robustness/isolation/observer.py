"""A websocket client that searches everything it receives for markers of other sessions."""

import base64
import json
from typing import Any

from tests.robustness.isolation.markers import LeakSearch, Markers, decode_coordinates
from tests.support.websocket_client import WebSocketClient, find_models

DRAWN = {"points", "prototypes", "comparison ours", "comparison baseline"}
SETTINGS = {"Prototypes K": "n_prototypes", "Seed": "seed"}


class Observer(WebSocketClient):
    """A session with markers of its own; ``keys`` are those of its runs, ``link`` its address."""

    def __init__(self, url: str, markers: Markers, search: LeakSearch) -> None:
        super().__init__(url, markers.query)
        self.markers, self.search = markers, search
        self.keys: set[str] = set()
        self.link = ""
        self.is_playing = False
        self.accordion = self.tabs = ""
        self._buttons: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._pieces: list[str] = []
        self._to_acknowledge = 0

    async def open(self) -> float:
        """Open the page and record the run's key."""
        took_s = await super().open()
        self.acknowledge_last()
        self.keys.add(self.key)
        return took_s

    def _acknowledge(self, number: int) -> None:
        # Actions matter here, not frames, so only some frames are acknowledged.
        self._to_acknowledge = number

    def acknowledge_last(self) -> None:
        """Acknowledge the last frame, so that the server sends the next one."""
        number, self._to_acknowledge = self._to_acknowledge, 0
        if number:
            super()._acknowledge(number)

    def _index(self, doc: Any) -> None:
        self._buttons.clear()
        self.models.clear()
        self._add_models(doc)
        text = json.dumps(doc, ensure_ascii=False)
        self.search.search_text(text, self.markers.number, "pages")
        super()._index(doc)

    def _add_models(self, document: Any) -> None:
        """Store new models; a later model replaces an earlier one of the same name."""
        for model in find_models(document):
            self._add_model(model, model["attributes"])

    def _add_model(self, model: dict[str, Any], attributes: dict[str, Any]) -> None:
        for key in ("name", "label"):
            if isinstance(name := attributes.get(key), str):
                name = "Play" if name == "Pause" else name
                self.models[name] = model
                self._names[model["id"]] = name
        data, kind = attributes.get("data"), attributes.get("class_name")
        if not isinstance(data, dict) or "attributes" not in data:
            return
        inner = data["attributes"]
        if isinstance(inner.get("label"), str):
            self._buttons[inner["label"]] = model["id"]
        elif kind == "Tabs":
            self.tabs = data["id"]
        elif kind == "Accordion" and len(inner["objects"]) > 1:
            # The accordion of further settings and of the export.
            self.accordion = data["id"]

    def _receive(self, header: dict[str, Any], content: Any, buffers: dict[str, bytes]) -> None:
        number, place = self.markers.number, "messages"
        if header["msgtype"] == "PATCH-DOC":
            for data in (content, *buffers.values()):
                self.search.search_text(data, number, place)
            patch = json.loads(content)
            if '"attributes"' in content:
                self._add_models(patch)
            for event in patch["events"]:
                self._search_event(event, buffers)
        super()._receive(header, content, buffers)

    def _search_event(self, event: dict[str, Any], buffers: dict[str, bytes]) -> None:
        number = self.markers.number
        name = self._names.get(event.get("model", {}).get("id", ""), "")
        if event["kind"] in ("ColumnDataChanged", "ColumnsStreamed") and name in DRAWN:
            for values in decode_coordinates(event["data"], buffers):
                self.search.search_points(values, number, "points drawn")
        elif event["kind"] == "ModelChanged":
            attribute, value = event["attr"], event["new"]
            if name == "Play" and attribute == "label":
                self.is_playing = value == "Pause"
            if attribute == "options" and name in self.models:
                self.models[name]["attributes"]["options"] = value
            if name == "address" and attribute == "query":
                self.link = value
                self.search.search_text(value, number, "links")
                self.search.search_settings(value.replace("&", "\n"), number, "links")
            elif name == "download":
                self._download(attribute, value)
            elif name in SETTINGS and attribute == "value":
                self.search.check_setting(SETTINGS[name], value, number, "messages")

    def _download(self, attribute: str, value: Any) -> None:
        download = self.models["download"]["attributes"]
        download[attribute] = value
        if attribute == "image_request" and value:
            self.search.search_text(value, self.markers.number, "file, picture's name")
        if attribute != "number":
            return
        if download.get("is_first"):
            self._pieces.clear()
        self._pieces.append(download.get("piece", ""))
        if download.get("is_last"):
            content = b"".join(map(base64.b64decode, self._pieces))
            self.search.search_file(download["file_name"], content, self.markers.number)
        self.post(self.models["download"]["id"], "received", value)

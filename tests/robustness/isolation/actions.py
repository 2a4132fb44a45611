"""A session that performs the actions of a page at random."""

import asyncio
import base64
import gzip
import json
import random
from collections.abc import Sequence
from typing import Any

from tests.robustness.isolation.markers import LeakSearch, Markers
from tests.robustness.isolation.observer import Observer
from tests.robustness.sockets.invalid_contents import change

GENERATORS = ("Blobs", "Moons", "Rings", "Drifting blobs", "Unbalanced blobs")
FILES = ("Points", "Clusters", "Prototypes", "JSON", "Model", "Python")
N_TABS = 11
# Probabilities after an action: to acknowledge a frame, to pause a stream that plays.
P_ACKNOWLEDGE, P_PAUSE = 0.15, 0.5
SLIDERS: dict[str, Sequence[Any]] = {
    "Noise": [i / 100 for i in range(51)],
    # The positions of logarithmic sliders.
    "Kernel width σ": [i / 20 for i in range(-60, 61)],
    "Speed": [i / 3 for i in range(20)],
    "Window": [i / 3 for i in range(6, 19)],
    "Memory (half-life)": [i / 4 for i in range(8, 26)],
}
SWITCHES = (
    *("Drop singleton clusters", "Automatic σ", "Automatic memory", "Keep inactive clusters"),
    *("Join prototypes into clusters", "Trails", "Standardise"),
)

# Relative frequencies of the actions.
ACTIONS = {
    "set_sliders": 30,
    "set_switches": 12,
    "set_k": 8,
    "set_seed": 6,
    "play_or_pause": 10,
    "step": 10,
    "reset": 3,
    "generate": 3,
    "choose_my_table": 2,
    "upload": 2,
    "upload_invalid": 1,
    "choose_columns": 4,
    "choose_label": 3,
    "choose_catalog_table": 1,
    "choose_tab": 8,
    "choose_axis": 3,
    "go_back": 5,
    "go_live": 3,
    "play_from_here": 2,
    "export": 8,
    "export_picture": 2,
    "export_video": 0.01,
    "compare": 0.3,
    "sweep": 0.05,
    "choose_from_sweep": 1,
    "draw": 1,
    "paint": 3,
    "help": 1,
    "tour": 1,
    "zoom": 3,
    "preview_table": 1,
    "reload": 0.25,
    "begin_new_run": 0.1,
    "follow_link": 0.1,
}


class RandomSession(Observer):
    """A session that performs random actions."""

    def __init__(self, url: str, markers: Markers, search: LeakSearch, seed: int) -> None:
        super().__init__(url, markers, search)
        self.rng = random.Random(seed)
        self.lock = asyncio.Lock()
        self._n_uploads = self._n_keys = 0

    async def act(self) -> tuple[str, int]:
        """Perform a random action; return its name and the number of changes."""
        kind: str = self.rng.choices([*ACTIONS], [*ACTIONS.values()])[0]
        async with self.lock:
            n = await getattr(self, f"_{kind}")()
            if self.is_playing and self.rng.random() < P_PAUSE:
                await self._press(" ")
            if self.rng.random() < P_ACKNOWLEDGE:
                self.acknowledge_last()
        return kind, n or 1

    async def open_accordion(self) -> None:
        """Open the accordion of further settings and of the export."""
        await self.change(self.accordion, "active", [0, 1])

    async def _set(self, label: str, value: Any, name: str = "value") -> None:
        # The controls of another tab or table do not exist yet.
        if label in self.models:
            await self.change(self.models[label]["id"], name, value)

    async def _set_many(self, values: list[tuple[str, Any]]) -> int:
        changes = [
            change(self.models[label]["id"], "value", value)
            for label, value in values
            if label in self.models
        ]
        await self.ask("PATCH-DOC", {"events": changes})
        return len(changes)

    async def _click(self, label: str) -> None:
        if label in self._buttons:
            entries = [["model", {"id": self._buttons[label]}], ["node", "click"], ["data", {}]]
            values = {"type": "map", "entries": entries}
            event = {"type": "event", "name": "dom_event", "values": values}
            sent = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": event}
            await self.ask("PATCH-DOC", {"events": [sent]})

    async def _press(self, key: str) -> None:
        self._n_keys += 1
        await self.change(self.models["keys"]["id"], "pressed", f"{self._n_keys} {key}")

    async def _set_sliders(self) -> int:
        labels = self.rng.sample([*SLIDERS], self.rng.randrange(1, len(SLIDERS) + 1))
        return await self._set_many([(label, self.rng.choice(SLIDERS[label])) for label in labels])

    async def _set_switches(self) -> int:
        labels = self.rng.sample(SWITCHES, 2)
        return await self._set_many([(label, self.rng.random() < 0.5) for label in labels])

    async def _set_k(self) -> None:
        await self._set("Prototypes K", self.markers.n_prototypes)

    async def _set_seed(self) -> None:
        await self._set("Seed", self.markers.seed)

    async def _play_or_pause(self) -> None:
        await self._press(" ")

    async def _step(self) -> None:
        await self._press("ArrowRight")

    async def _reset(self) -> None:
        await self._press("r")

    async def _help(self) -> None:
        await self._press("?")

    async def _tour(self) -> None:
        await self._press("t")

    async def _generate(self) -> None:
        await self._set("Source", "Generated")
        await self._set("Generator", self.rng.choice(GENERATORS))

    async def _choose_my_table(self) -> None:
        await self._set("Source", "My table")

    async def _draw(self) -> None:
        await self._set("Source", "Draw")

    async def _paint(self) -> None:
        self._n_keys += 1
        places = [[self.rng.uniform(1, 19), self.rng.uniform(1, 9)]]
        stroke = {"number": self._n_keys, "stroke": self._n_keys, "kind": "Paint"}
        gesture = stroke | {"places": places, "radii": [1.0, 1.0], "n_points": 5}
        await self._set("brush", json.dumps(gesture), "gesture")

    async def _send_file(self, name: str, content: bytes) -> None:
        self._n_uploads += 1
        if "Upload" not in self.models:
            # The component is created when it is first shown.
            await self._choose_my_table()
            async with asyncio.timeout(60):
                while "Upload" not in self.models:
                    await asyncio.sleep(0.02)
        model = self.models["Upload"]["id"]
        begin = {"kind": "begin", "number": self._n_uploads, "name": name}
        self.send_message(model, begin | {"n_bytes": len(content)})
        data = {"type": "bytes", "data": base64.b64encode(gzip.compress(content)).decode()}
        piece = {"kind": "piece", "number": self._n_uploads, "start": 0, "data": data}
        self.send_message(model, piece)
        await self.ask("SERVER-INFO-REQ", {})

    async def _upload(self) -> None:
        await self.upload()

    async def upload(self) -> None:
        """Upload the session's own table."""
        await self._send_file(self.markers.table, self.markers.write_table())

    async def _upload_invalid(self) -> None:
        name, text = self.markers.text("invalid") + ".csv", self.markers.text("no-number")
        await self._send_file(name, f"{text}\n{text}\n".encode())

    async def _choose_columns(self) -> None:
        chosen = self.rng.sample(self.markers.features, self.rng.choice([0, 1, 2, 2]))
        await self._set("Features", chosen)

    async def _choose_label(self) -> None:
        await self._set("True classes", self.markers.text(self.rng.choice(["class", "remark"])))

    async def _choose_catalog_table(self) -> None:
        await self._set("Or choose a table", "Iris flowers")

    async def _preview_table(self) -> None:
        await self._click("Preview the table")

    async def _choose_tab(self) -> None:
        # Mostly the first tab, which costs nothing.
        await self.change(self.tabs, "active", max(self.rng.randrange(-N_TABS, N_TABS), 0))

    async def _choose_axis(self) -> None:
        await self._set(self.rng.choice(["x axis", "y axis"]), self.markers.features[0])

    async def _zoom(self) -> None:
        across = self.models["live"]["attributes"]["x_range"]["id"]
        start = self.rng.uniform(-20, 0)
        self.post_many([(across, "start", start), (across, "end", start + 30)])

    async def _go_back(self) -> None:
        await self._set("Time: now", self.rng.randrange(200))

    async def _go_live(self) -> None:
        await self._click("Live")

    async def _play_from_here(self) -> None:
        await self._click("Play from here")

    async def _export(self) -> None:
        await self._click(self.rng.choice(FILES))

    async def _export_picture(self) -> None:
        await self._click(self.rng.choice(["PNG", "SVG"]))

    async def _export_video(self) -> None:
        await self._click("Video")

    async def _compare(self) -> None:
        await self.change(self.tabs, "active", N_TABS - 3)
        await self._set("Baseline", "MiniBatchKMeans")

    async def _sweep(self) -> None:
        await self.change(self.tabs, "active", N_TABS - 1)
        await self._click("Sweep")

    async def _choose_from_sweep(self) -> None:
        offered = self.models.get("Take", {}).get("attributes", {}).get("options", [])
        if len(offered) > 1:
            await self._set("Take", self.rng.randrange(1, len(offered)))

    async def _open_again(self, query: str, key: str) -> None:
        await self.close()
        self.query, self.key = query, key
        await self.open()
        await self.open_accordion()

    async def _reload(self) -> None:
        await self._open_again(self.query, self.key)

    async def recover(self) -> None:
        """Load the page again after an error."""
        async with self.lock:
            await self._reload()

    async def _begin_new_run(self) -> None:
        await self._open_again(self.markers.query, "")

    async def _follow_link(self) -> None:
        await self._open_again(f"?{self.link}", "")

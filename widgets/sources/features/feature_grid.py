"""A table of the chosen features: a checkbox for the logarithm and a field for the weight."""

import param
from panel.custom import JSComponent

# All cells are set as text. A weight is sent with Enter, or when its field is left.
ESM = """
export function render({ model, el }) {
  const table = document.createElement("table")
  const head = table.createTHead().insertRow()
  for (const title of ["column", "log", "weight"]) {
    const cell = document.createElement("th")
    cell.scope = "col"
    cell.textContent = title
    head.append(cell)
  }
  const body = table.createTBody()
  const send = (name, key, value) => {
    model.rows = model.rows.map((row) => row.name === name ? {...row, [key]: value} : row)
  }
  const build = () => {
    const line = body.insertRow()
    line.insertCell()
    const log = document.createElement("input"), weight = document.createElement("input")
    log.type = "checkbox"
    log.addEventListener("change", () => send(line.dataset.name, "log", log.checked))
    weight.type = "text"
    weight.inputMode = "decimal"
    weight.autocomplete = "off"
    weight.addEventListener("input", () => { weight.isTyping = true })
    weight.addEventListener("change", () => {
      weight.isTyping = false
      send(line.dataset.name, "weight", weight.value)
    })
    line.insertCell().append(log)
    line.insertCell().append(weight)
  }
  const fill = () => {
    while (body.rows.length > model.rows.length) body.deleteRow(-1)
    while (body.rows.length < model.rows.length) build()
    model.rows.forEach((row, i) => {
      const line = body.rows[i], [name, log, weight] = line.cells
      line.dataset.name = name.textContent = row.name
      const box = log.firstChild, field = weight.firstChild
      box.checked = row.log
      box.disabled = !row.can_log
      box.setAttribute("aria-label", `Logarithm of ${row.name}`)
      field.setAttribute("aria-label", `Weight of ${row.name}`)
      if (!field.isTyping) field.value = row.weight
    })
  }
  fill()
  model.on("rows", fill)
  el.append(table)
}
"""
STYLE = """
:host { overflow: auto; }
table { border-collapse: collapse; width: 100%; font-size: .86rem; }
th { text-align: left; font-weight: 500; opacity: .8; padding: 2px 6px; }
td { padding: 2px 6px; border-top: 1px solid rgba(128, 128, 128, .28); overflow-wrap: anywhere; }
th:not(:first-child), td:not(:first-child) { width: 1%; text-align: center; }
input[type=checkbox] { width: 18px; height: 18px; margin: 3px; accent-color: #0b7285; }
input[type=text] { box-sizing: border-box; width: 64px; height: 28px; padding: 2px 6px;
  text-align: right; font: inherit; color: inherit; background: transparent;
  border: 1px solid rgba(128, 128, 128, .6); border-radius: 4px; }
input:focus-visible { outline: 2px solid currentColor; }
"""


class FeatureGrid(JSComponent):
    """The table. Each of its ``rows`` has the entries name, log, can_log and weight.

    The name and the weight are text, the others true or false. A change of the user replaces the
    rows.
    """

    rows = param.List(default=[])

    _esm = ESM
    _stylesheets = [STYLE]

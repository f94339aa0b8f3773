"use strict";
(async function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const words = data.words, height = 30;
  const byId = (id) => document.getElementById(id);

  // What is packed is JSON, deflated, in base64.
  async function unpacked(packed) {
    if (!("DecompressionStream" in window)) return null;
    const bytes = Uint8Array.from(atob(packed), (part) => part.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }
  const columns = await unpacked(data.columns);
  if (columns === null) { byId("shown").textContent = words.too_old; return; }
  const table = byId("table"), rowsBox = byId("rows"), space = byId("space"), head = byId("head");

  // Amounts are whole minor units, as a number or, beyond 2^53, as text: only digits are moved.
  function money(minor, places) {
    if (minor === null) return "—";
    let digits = String(minor), sign = "";
    if (digits[0] === "-") { sign = "-"; digits = digits.slice(1); }
    digits = digits.padStart(places + 1, "0");
    const whole = digits.slice(0, digits.length - places);
    const rest = places ? "." + digits.slice(digits.length - places) : "";
    return sign + whole.replace(/\B(?=(\d{3})+$)/g, ",") + rest;
  }
  const places = (row) => data.exponents[columns.currency[row]];
  const word = (name) => (row) => data.labels[name][columns[name][row]];
  const said = (name) => (row) => data.vocabularies[name][columns[name][row]] || "";
  const text = (name) => (row) => columns[name][row] || "";
  const rank = data.vocabularies.severity.map((name) => data.severities.indexOf(name));
  const shape = [
    { name: "dispute", wide: "150px", show: text("dispute_id"), key: text("dispute_id") },
    { name: "reason", wide: "minmax(160px, 1.6fr)", show: word("code"), key: word("code") },
    { name: "severity", wide: "86px", show: word("severity"), mark: said("severity"),
      key: (row) => rank[columns.severity[row]] },
    { name: "status", wide: "76px", show: word("status"), key: word("status") },
    { name: "at_risk", wide: "112px", number: true, key: (row) => Number(columns.amount[row]),
      first: (row) => columns.currency[row],  // amounts of two currencies have no order
      show: (row) => money(columns.amount[row], places(row)) },
    { name: "currency", wide: "46px", show: said("currency"), key: said("currency") },
    { name: "days_left", wide: "84px", number: true, key: (row) => columns.days_left[row],
      show: (row) => columns.days_left[row] === null ? "" : String(columns.days_left[row]),
      late: (row) => columns.days_left[row] !== null && columns.days_left[row] < 0 },
    { name: "due", wide: "86px", show: said("due_at"), key: said("due_at") },
    { name: "merchant", wide: "minmax(136px, .6fr)", show: said("merchant_id"), key: said("merchant_id") },
    { name: "order", wide: "minmax(140px, .8fr)", show: text("order_id"), key: text("order_id") },
    { name: "reference", wide: "minmax(232px, .8fr)", show: text("channel_ref"), key: text("channel_ref") },
  ];
  const template = shape.map((column) => column.wide).join(" ");
  let shown = Int32Array.from({ length: data.rows }, (_, row) => row);
  let order = { column: null, down: false };
  let hay = null, at = 0;  // the case chosen, as its place among those shown

  function element(name, content, kind) {
    const made = document.createElement(name);
    if (content !== undefined) made.textContent = content;
    if (kind) made.className = kind;
    return made;
  }

  head.style.gridTemplateColumns = template;
  shape.forEach((column) => {
    const button = element("button", words[column.name], column.number ? "n" : "");
    button.setAttribute("role", "columnheader");
    button.title = words[column.name];
    button.addEventListener("click", () => {
      order = { column, down: order.column === column ? !order.down : Boolean(column.number) };
      filter();
    });
    column.button = button;
    head.append(button);
  });

  function draw() {
    const first = Math.max(0, Math.floor(table.scrollTop / height) - 8);
    const last = Math.min(shown.length, first + Math.ceil(table.clientHeight / height) + 16);
    const made = document.createDocumentFragment();
    for (let place = first; place < last; place++) {
      const row = shown[place], line = element("div", undefined, place === at ? "row at" : "row");
      line.id = "row-" + place;
      line.style.top = place * height + "px";
      line.style.gridTemplateColumns = template;
      line.setAttribute("role", "row");
      line.setAttribute("aria-rowindex", place + 2);
      for (const column of shape) {
        const content = column.show(row);
        const cell = element("span", column.mark ? undefined : content, column.number ? "n" : "");
        cell.setAttribute("role", "gridcell");
        cell.title = content;
        if (column.late && column.late(row)) cell.classList.add("late");
        if (column.mark) cell.append(element("b", content, "mark " + column.mark(row)));
        line.append(cell);
      }
      line.addEventListener("click", () => { at = place; draw(); open(row); });
      made.append(line);
    }
    rowsBox.querySelectorAll(".row").forEach((line) => line.remove());
    rowsBox.append(made);
    table.setAttribute("aria-activedescendant", "row-" + at);
  }

  function go(place) {
    at = Math.max(0, Math.min(shown.length - 1, place));
    const room = table.clientHeight - head.offsetHeight, top = at * height;
    if (top < table.scrollTop) table.scrollTop = top;
    if (top + height > table.scrollTop + room) table.scrollTop = top + height - room;
    draw();
  }

  const page = () => Math.max(1, Math.floor(table.clientHeight / height) - 2);
  const moves = {
    ArrowDown: () => at + 1, ArrowUp: () => at - 1, PageDown: () => at + page(),
    PageUp: () => at - page(), Home: () => 0, End: () => shown.length - 1,
  };

  function haystack() {
    const names = ["dispute_id", "order_id", "channel_ref", "bank_ref"];
    const reasons = data.labels.code.map((name, number) => name + "\n" + data.vocabularies.code[number]);
    hay = new Array(data.rows);
    for (let row = 0; row < data.rows; row++) {
      const amount = money(columns.amount[row], places(row));
      let all = said("merchant_id")(row) + "\n" + reasons[columns.code[row]] + "\n" + amount;
      if (amount.includes(",")) all += "\n" + amount.replaceAll(",", "");
      for (const name of names) if (columns[name][row]) all += "\n" + columns[name][row];
      hay[row] = all.toLowerCase();
    }
  }

  function filter() {
    const wanted = byId("search").value.trim().toLowerCase();
    const codes = byId("by-code").value, grave = byId("by-severity").value, state = byId("by-status").value;
    if (wanted && !hay) haystack();
    const kept = [];
    for (let row = 0; row < data.rows; row++) {
      if (codes !== "" && columns.code[row] !== +codes) continue;
      if (grave !== "" && columns.severity[row] !== +grave) continue;
      if (state !== "" && columns.status[row] !== +state) continue;
      if (wanted && !hay[row].includes(wanted)) continue;
      kept.push(row);
    }
    if (order.column) {
      const key = order.column.key, sign = order.down ? -1 : 1, apart = order.column.first;
      const keys = new Map(kept.map((row) => [row, key(row)]));
      kept.sort((one, two) => {
        if (apart && apart(one) !== apart(two)) return apart(one) - apart(two);
        const a = keys.get(one), b = keys.get(two);
        if (a === b) return one - two;
        if (a === null || a === "") return 1;
        if (b === null || b === "") return -1;
        return a < b ? -sign : sign;
      });
    }
    shape.forEach((column) => {
      const arrow = column === order.column ? (order.down ? " ▼" : " ▲") : "";
      column.button.textContent = words[column.name] + arrow;
      column.button.setAttribute("aria-sort", !arrow ? "none" : order.down ? "descending" : "ascending");
    });
    shown = Int32Array.from(kept);
    space.style.height = shown.length * height + "px";
    byId("shown").textContent = words.shown
      .replace("{n}", shown.length.toLocaleString("en"))
      .replace("{all}", data.rows.toLocaleString("en"));
    table.setAttribute("aria-rowcount", shown.length + 1);
    table.scrollTop = 0;
    at = 0;
    draw();
  }

  async function details(row) {
    const number = Math.floor(row / data.chunk);
    if (typeof data.details[number] === "string") data.details[number] = await unpacked(data.details[number]);
    return data.details[number][row % data.chunk];
  }

  async function open(row) {
    const box = byId("case"), found = await details(row);
    const currency = " " + said("currency")(row);
    box.replaceChildren();
    const name = element("h3", word("code")(row) + " (" + said("code")(row) + ")");
    name.id = "case-name";
    box.append(name);
    box.append(element("p", columns.dispute_id[row], "grey"));
    const list = element("dl");
    const add = (name, value) => {
      if (!value) return;
      const told = list.lastChild && list.lastChild.dataset.name === name;
      list.append(element("dt", told ? "" : words[name]), element("dd", value));
      list.lastChild.dataset.name = name;
    };
    add("happened", found[0]);
    add("todo", found[1]);
    add("at_risk", money(columns.amount[row], places(row)) + currency);
    add("expected", money(columns.expected[row], places(row)) + currency);
    add("actual", money(columns.actual[row], places(row)) + currency);
    add("pocket", word("out_of_pocket")(row));
    add("status", word("status")(row) + " · " + word("severity")(row));
    add("due", said("due_at")(row));
    add("merchant", said("merchant_id")(row));
    add("order", columns.order_id[row]);
    add("reference", columns.channel_ref[row]);
    add("bank", columns.bank_ref[row]);
    add("nearest", found[3]);
    add("gate", found[4]);
    for (const line of found[5]) add("evidence", line.filter(Boolean).join("  ·  "));
    box.append(list);
    const foot = element("p", undefined, "foot");
    const button = (label, act, off) => {
      const made = element("button", label);
      made.addEventListener("click", act);
      made.disabled = Boolean(off);
      foot.append(made);
      return made;
    };
    const step = (by) => { go(at + by); open(shown[at]); };
    button(words.back, () => step(-1), at === 0);
    button(words.next, () => step(1), at === shown.length - 1);
    button(words.close, () => box.close()).autofocus = true;
    box.append(foot);
    box.onkeydown = (event) => {
      if (event.key === "ArrowLeft" && at > 0) step(-1);
      if (event.key === "ArrowRight" && at < shown.length - 1) step(1);
    };
    if (!box.open) box.showModal();
    box.scrollTop = 0;
    history.replaceState(null, "", "#" + columns.dispute_id[row]);
  }

  function fill(id, name, labels) {
    labels.map((text, at) => [text, at]).forEach(([text, at]) => {
      const option = element("option", text);
      option.value = at;
      byId(id).append(option);
    });
    byId(id).addEventListener("change", filter);
  }
  fill("by-code", "code", data.labels.code);
  fill("by-severity", "severity", data.labels.severity);
  fill("by-status", "status", data.labels.status);
  byId("search").addEventListener("input", filter);
  byId("search").addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "Enter") { table.focus(); event.preventDefault(); }
  });
  byId("case").addEventListener("close", () => history.replaceState(null, "", location.pathname));
  table.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  table.addEventListener("keydown", (event) => {
    if (event.target !== table || !shown.length) return;
    if (event.key === "Enter") open(shown[at]);
    else if (event.key in moves) go(moves[event.key]());
    else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || byId("case").open || event.target.matches("input, select")) return;
    byId("search").focus();
    event.preventDefault();
  });
  window.addEventListener("resize", draw);
  filter();
  const named = columns.dispute_id.indexOf(location.hash.slice(1));
  if (location.hash && named >= 0) { go(named); open(named); }
})();

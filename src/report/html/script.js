// SPDX-License-Identifier: GPL-2.0-only
// Draws the data of this page: lanes, the interleaving, and the state after the step looked at.
"use strict";
(() => {
	const data = JSON.parse(document.getElementById("data").textContent);
	const by = (id) => document.getElementById(id);
	const SVG = "http://www.w3.org/2000/svg";
	let now = data.start;
	let all = false;

	function svg(parent, name, attributes, text) {
		const e = document.createElementNS(SVG, name);
		for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
		if (text !== undefined) e.textContent = text;
		parent.appendChild(e);
		return e;
	}

	function html(parent, name, text, className) {
		const e = document.createElement(name);
		if (text !== undefined) e.textContent = text;
		if (className) e.className = className;
		parent.appendChild(e);
		return e;
	}

	// Patterns, not colours, say what is what.
	function patterns(parent) {
		const defs = svg(parent, "defs", {});
		const bars = svg(defs, "pattern", { id: "bars", width: 5, height: 5, patternUnits: "userSpaceOnUse" });
		svg(bars, "path", { d: "M0 5L5 0", "stroke-width": 1 });
		const dots = svg(defs, "pattern", { id: "dots", width: 5, height: 5, patternUnits: "userSpaceOnUse" });
		svg(dots, "circle", { cx: 2.5, cy: 2.5, r: 0.9 });
		const arrow = svg(defs, "marker", { id: "arrow", viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" });
		svg(arrow, "path", { d: "M0 0L8 4L0 8z", fill: "currentColor" });
	}

	const shown = (i) => all || data.steps[i].shown || i === data.broken;
	const visible = () => data.steps.map((_, i) => i).filter(shown);

	// Lanes: a row a thread, a tick a step; below it a row a lock the thread ever holds.
	const LEFT = 150, ROW = 22, BAR = 14;
	function lanes() {
		const root = by("lanes");
		root.textContent = "";
		patterns(root);
		const columns = visible();
		const width = Math.max(900, root.clientWidth || 0);
		const dx = Math.max(6, (width - LEFT - 20) / Math.max(1, columns.length));
		// Where step i stands; what is left out shares the place of the next one shown.
		const x = (i) => {
			let at = columns.findIndex((c) => c >= i);
			if (at < 0) at = columns.length;
			return LEFT + at * dx + dx / 2;
		};
		let y = 6;
		data.threads.forEach((thread, t) => {
			const lane = svg(root, "g", { class: "lane", "data-thread": thread });
			svg(lane, "text", { x: 6, y: y + 14 }, thread);
			svg(lane, "path", { class: "frame", d: `M${LEFT} ${y + 10}H${LEFT + columns.length * dx}` });
			for (const i of columns) {
				const step = data.steps[i];
				if (step.thread !== t) continue;
				const tick = svg(lane, "rect", { class: step.shown ? "tick" : "tick hidden", x: x(i) - Math.min(dx, 10) / 2 + 1, y: y + 3, width: Math.max(2, Math.min(dx, 10) - 2), height: 14 });
				svg(tick, "title", {}, `${step.function ? `${step.function}() ` : ""}${step.text}`);
				tick.addEventListener("click", () => go(i));
				if (step.decides) {
					svg(lane, "circle", { class: "decides", cx: x(i), cy: y + 10, r: 10 });
					svg(lane, "text", { x: x(i) - 3, y: y }, "*");
				}
			}
			y += ROW;
			const held = data.locks.filter((l) => l.thread === t);
			for (const name of [...new Set(held.map((l) => l.name))]) {
				svg(lane, "text", { x: 18, y: y + 10, class: "faint" }, name);
				for (const l of held.filter((l) => l.name === name)) {
					const bar = svg(lane, "rect", { class: l.shared ? "shared" : "lock", x: x(l.from), y: y + 2, width: Math.max(3, x(l.to) - x(l.from)), height: 8 });
					svg(bar, "title", {}, `${name}, ${l.shared ? "shared" : "exclusive"}`);
				}
				y += BAR;
			}
			y += 4;
		});
		if (data.broken !== null) {
			svg(root, "path", { class: "gone", d: `M${x(data.broken) + dx / 2} 0V${y}` });
			svg(root, "text", { x: x(data.broken) + dx / 2 - 46, y: y + 10 }, "broken \u2717");
		}
		svg(root, "path", { class: "cursor", id: "cursor", d: `M${x(now)} 0V${y}` });
		root.setAttribute("viewBox", `0 0 ${LEFT + columns.length * dx + 30} ${y + 14}`);
	}

	function table() {
		const root = by("steps");
		root.textContent = "";
		const head = html(html(root, "thead"), "tr");
		html(head, "th", "step");
		data.threads.forEach((t, i) => html(head, "th", `CPU${i} ${t}`));
		const body = html(root, "tbody");
		const inside = [];
		for (const i of visible()) {
			const step = data.steps[i];
			const row = html(body, "tr");
			row.id = `step${i}`;
			if (i === data.broken) row.className = "broken";
			html(row, "td", `${step.decides ? "* " : ""}${i + 1}${i === data.broken ? " \u2717" : ""}`);
			data.threads.forEach((_, t) => {
				const cell = html(row, "td");
				if (t !== step.thread) return;
				if (step.function && inside[t] !== step.function) html(cell, "span", `${step.function}()`, "function");
				inside[t] = step.function || inside[t];
				html(cell, "span", step.text);
			});
			row.addEventListener("click", () => go(i));
		}
	}

	// A bar of one buffer: what is read, readable, and filled but not yet committed.
	function bar(root, x, y, width, buffer) {
		const most = Math.max(1, buffer.size * 2, buffer.used);
		const at = (n) => x + (width * Math.min(n, most)) / most;
		const part = (from, to, name) => {
			if (to > from) svg(root, "rect", { class: name, x: at(from), y, width: at(to) - at(from), height: 18 });
		};
		svg(root, "rect", { class: "frame", x, y, width, height: 18 });
		part(0, buffer.read, "done");
		part(buffer.read, buffer.commit, "unread");
		part(buffer.commit, buffer.used, "staged");
	}

	function chain(parent, end) {
		html(parent, "h2", `flip chain to the ${end.name}: work ${end.pending ? "queued" : "not queued"}, priority ${end.priority}`);
		const W = 168, root = svg(parent, "svg", { width: "100%", height: 92, viewBox: `0 0 ${Math.max(3, end.chain.length) * (W + 30) + 10} 92`, class: "chain", color: "currentColor" });
		end.chain.forEach((b, i) => {
			const x = 8 + i * (W + 30);
			svg(root, "rect", { class: "edge", x, y: 16, width: W, height: 60, rx: 4 });
			const head = `${i === 0 ? "head " : ""}${b.number === end.tail ? "tail" : ""}`;
			svg(root, "text", { x: x + 2, y: 11, class: "faint" }, head);
			svg(root, "text", { x: x + 6, y: 30 }, `${b.name}${b.chars === "" ? "" : ` "${b.chars}"`}`);
			bar(root, x + 6, 36, W - 12, b);
			svg(root, "text", { x: x + 6, y: 69 }, `read ${b.read} commit ${b.commit} used ${b.used}`);
			if (i + 1 < end.chain.length) svg(root, "path", { class: "edge", d: `M${x + W} 46H${x + W + 30}`, "marker-end": "url(#arrow)" });
		});
	}

	// The circular buffer, position 0 on top, clockwise.
	function ring(parent, end) {
		const l = end.ldisc;
		html(parent, "h2", `read_buf of the ${end.name}: ${l.read_head - l.read_tail} of ${l.size} bytes${l.no_room ? ", no_room" : ""}`);
		const root = svg(parent, "svg", { width: 360, height: 270, viewBox: "-180 -135 360 270", class: "ring", color: "currentColor" });
		const R = 80, r = 52;
		const angle = (n) => (2 * Math.PI * (n % l.size)) / l.size - Math.PI / 2;
		const at = (radius, a) => `${(radius * Math.cos(a)).toFixed(1)} ${(radius * Math.sin(a)).toFixed(1)}`;
		const wedge = (from, count, name) => {
			if (count <= 0) return;
			if (count >= l.size) {
				svg(root, "circle", { class: name, r: R, cx: 0, cy: 0 });
				return;
			}
			const a = angle(from), b = a + (2 * Math.PI * count) / l.size;
			const big = b - a > Math.PI ? 1 : 0;
			svg(root, "path", { class: name, d: `M${at(R, a)}A${R} ${R} 0 ${big} 1 ${at(R, b)}L${at(r, b)}A${r} ${r} 0 ${big} 0 ${at(r, a)}z` });
		};
		const published = l.icanon ? l.canon_head : l.commit_head;
		wedge(l.read_tail, published - l.read_tail, "unread");
		wedge(published, l.read_head - published, "staged");
		svg(root, "circle", { class: "edge", r: R, cx: 0, cy: 0 });
		svg(root, "circle", { class: "edge", r, cx: 0, cy: 0 });
		if (l.bytes.length > 0) l.bytes.forEach((byte, i) => {
			const a = angle(i), m = a + Math.PI / l.size;
			svg(root, "path", { class: "frame", d: `M${at(r, a)}L${at(R, a)}` });
			const [x, y] = at((R + r) / 2, m).split(" ");
			const live = i >= 0 && (l.read_head - l.read_tail) > ((i - (l.read_tail % l.size) + l.size) % l.size);
			if (live && l.size <= 32) svg(root, "text", { x: Number(x) - 4, y: Number(y) + 4 }, byte);
		});
		const pointers = {};
		for (const [name, n] of [["read_tail", l.read_tail], ["commit_head", l.commit_head], ["canon_head", l.canon_head], ["read_head", l.read_head]]) {
			if (name === "canon_head" && !l.icanon) continue;
			(pointers[n % l.size] ||= []).push(`${name} ${n}`);
		}
		for (const [n, names] of Object.entries(pointers)) {
			const a = angle(Number(n)), [x, y] = at(R + 10, a).split(" ").map(Number);
			svg(root, "path", { class: "edge", d: `M${at(R + 8, a)}L${at(R - 4, a)}`, "marker-end": "url(#arrow)" });
			names.forEach((name, i) => svg(root, "text", { x: x < -5 ? x - 72 : x + 2, y: (y < 0 ? y - 2 : y + 8) + i * 11 * (y < 0 ? -1 : 1) }, name));
		}
	}

	function state() {
		const root = by("state");
		root.textContent = "";
		const step = data.steps[now];
		html(root, "h2", `after step ${now + 1}: ${data.threads[step.thread]}${step.function ? ` in ${step.function}()` : ""}: ${step.text}`);
		const held = data.locks.filter((l) => l.from <= now && now < l.to);
		html(root, "p", `held: ${held.map((l) => `${l.name} by ${data.threads[l.thread]}${l.shared ? " (shared)" : ""}`).join(", ") || "nothing"}`);
		for (const end of data.frames[step.frame]) {
			chain(root, end);
			ring(root, end);
		}
		html(root, "p", "hatched: can be read; dotted: filled, not yet published; plain: free or done", "legend");
	}

	function go(i) {
		now = Math.max(0, Math.min(data.steps.length - 1, i));
		for (const row of document.querySelectorAll("tr.now")) row.classList.remove("now");
		lanes();
		const row = by(`step${now}`);
		if (row) {
			row.classList.add("now");
			row.scrollIntoView({ block: "nearest" });
		}
		by("where").textContent = `step ${now + 1} of ${data.steps.length}${now === data.broken ? ", broken \u2717" : ""}`;
		document.body.dataset.step = now + 1;
		document.body.dataset.broken = now === data.broken;
		state();
	}

	function move(by) {
		const columns = visible();
		let at = columns.findIndex((c) => c >= now);
		if (at < 0) at = columns.length - 1;
		go(columns[Math.max(0, Math.min(columns.length - 1, at + by))]);
	}

	function toggle(on) {
		all = on;
		by("all").checked = on;
		table();
		go(now);
	}

	const keys = {
		ArrowRight: () => move(1), j: () => move(1), ArrowLeft: () => move(-1), k: () => move(-1),
		Home: () => go(visible()[0]), End: () => go(visible().at(-1)),
		b: () => go(data.broken ?? now), a: () => toggle(!all),
	};
	document.addEventListener("keydown", (e) => {
		if (e.ctrlKey || e.metaKey || e.altKey || !keys[e.key]) return;
		e.preventDefault();
		keys[e.key]();
	});
	by("first").onclick = keys.Home; by("last").onclick = keys.End;
	by("back").onclick = keys.k; by("next").onclick = keys.j; by("tobroken").onclick = keys.b;
	by("all").onchange = (e) => toggle(e.target.checked);
	addEventListener("resize", lanes);

	by("broken").textContent = data.sentence;
	by("saved").textContent = data.saved;
	for (const note of data.notes) html(by("notes"), "p", note);
	if (data.steps.length > 0) toggle(false);
})();

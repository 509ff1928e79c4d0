// Makes bars move. Without it every page can be read: it is then as it was when it was loaded.
"use strict";

const patience = { first: 2000, most: 60000 }; // ms

function say(node, words) {
	if (node && node.textContent !== words)
		node.textContent = words;
}

function byId(id) {
	return document.getElementById(id);
}

// One more is watched: from the template that is a part of the page.
function newBar(list, key) {
	const item = byId("bar").content.firstElementChild.cloneNode(true);
	item.id = "bar-" + key;
	item.querySelector("progress").id = "progress-" + key;
	item.querySelector("label").htmlFor = "progress-" + key;
	list.append(item);
	byId("unwatched").hidden = true;
	return item;
}

// A screen reader is told of each state and of each tenth, not of each step.
function tell(item, bar) {
	const tenth = bar.total > 0 ? Math.floor(bar.ended * 10 / bar.total) : 0;
	const told = bar.label + tenth;
	if (item.dataset.told && item.dataset.told !== told)
		say(byId("news"), bar.label + ", " + bar.percent + ", " + bar.words + ", " + bar.resource);
	item.dataset.told = told;
}

function show(list, bar) {
	const item = byId("bar-" + bar.key) || newBar(list, bar.key);
	const progress = item.querySelector("progress");
	if (bar.total > 0) {
		progress.max = bar.total;
		progress.value = bar.ended;
	}
	say(progress, bar.percent);
	say(item.querySelector("label"), bar.label);
	say(item.querySelector(".percent"), bar.percent);
	say(item.querySelector(".words"), bar.words);
	say(item.querySelector(".resource"), bar.resource);
	tell(item, bar);
}

function watch(list) {
	const live = byId("live");
	let tries = 0, source = null, later = 0;

	function connected(yes) {
		live.hidden = false;
		live.classList.toggle("on", yes);
		say(live, yes ? "live" : "not connected");
	}

	function leave() {
		clearTimeout(later);
		if (source)
			source.close();
	}

	function connect() {
		leave();
		source = new EventSource("/events");
		source.onopen = () => { tries = 0; connected(true); };
		source.addEventListener("bar", (event) => show(list, JSON.parse(event.data)));
		source.onerror = () => {
			source.close();
			connected(false);
			later = setTimeout(connect, Math.min(patience.first * 2 ** tries++, patience.most));
		};
	}

	addEventListener("pagehide", leave);
	addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
	connect();
}

const list = document.querySelector("[data-live]");
if (list && "EventSource" in window)
	watch(list);

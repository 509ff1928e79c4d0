// Makes bars move. Without it every page can be read: it is then as it was when it was loaded.
"use strict";

const wait = { first: 2000, max: 60000 };

function text(node, words) {
	if (node && node.textContent !== words)
		node.textContent = words;
}

function bars(list) {
	const live = document.getElementById("live");
	let tries = 0;

	function say(on) {
		live.classList.toggle("on", on);
		text(live, on ? "live" : "not connected");
	}

	function show(bar) {
		const item = document.getElementById("bar-" + bar.key);
		if (!item) { // one more is watched: the page has its markup
			location.reload();
			return;
		}
		const progress = item.querySelector("progress");
		if (bar.total > 0) {
			progress.max = bar.total;
			progress.value = bar.ended;
			progress.textContent = bar.percent;
		}
		text(item.querySelector(".percent"), bar.percent);
		text(item.querySelector(".words"), bar.words);
	}

	function connect() {
		const source = new EventSource("/events");
		source.onopen = () => { tries = 0; say(true); };
		source.addEventListener("bar", (event) => show(JSON.parse(event.data)));
		source.onerror = () => {
			source.close();
			say(false);
			setTimeout(connect, Math.min(wait.first * 2 ** tries++, wait.max));
		};
	}

	live.hidden = false;
	connect();
}

const list = document.querySelector("[data-live]");
if (list && "EventSource" in window)
	bars(list);

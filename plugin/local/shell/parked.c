#include "local/shell/parked.h"

#include <stdio.h>
#include <stdlib.h>

enum { OTHERWISE_MAX = 1024 * 1024 };

void parked_init(struct parked_list *l)
{
	*l = (struct parked_list){ .last = &l->first };
}

void parked_clear(struct parked_list *l)
{
	while (l->first)
		parked_remove(l, l->first);
}

/* Read what the engine says about waiting; returns the seconds. */
static int64_t read_wait(struct parked *p, struct bytes wait)
{
	cJSON *spec = json_parse(wait, NULL);
	const char *op = json_get_str(spec, "op"), *key = json_get_str(spec, "key");
	int64_t seconds = json_get_int(spec, "seconds", 0);
	INVARIANT(op && key);
	(void)snprintf(p->request.op, sizeof(p->request.op), "%s", op);
	cJSON_Delete(p->request.args);
	p->request.args = cJSON_DetachItemFromObjectCaseSensitive(spec, "args");
	free(p->key);
	p->key = strdup(key);
	INVARIANT(p->key && p->request.args);
	buf_clear(&p->otherwise);
	json_write(&p->otherwise, json_get(spec, "otherwise"));
	cJSON_Delete(spec);
	return seconds;
}

void parked_add(struct parked_list *l, struct http_exchange *x, struct wire_request *r,
		struct bytes wait, int64_t now_ms)
{
	struct parked *p = malloc(sizeof(*p));
	INVARIANT(p != NULL);
	*p = (struct parked){ .exchange = x, .request = *r, .otherwise = BUF_INIT(OTHERWISE_MAX) };
	*r = (struct wire_request){ 0 };
	p->until_ms = now_ms + 1000 * read_wait(p, wait);
	*l->last = p;
	l->last = &p->next;
}

void parked_again(struct parked *p, struct bytes wait)
{
	(void)read_wait(p, wait);
}

void parked_remove(struct parked_list *l, struct parked *p)
{
	struct parked **link = &l->first;
	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	if (l->last == &p->next)
		l->last = link;
	wire_request_clear(&p->request);
	buf_clear(&p->otherwise);
	free(p->key);
	free(p);
}

struct parked *parked_find(const struct parked_list *l, const struct http_exchange *x)
{
	struct parked *p = l->first;
	while (p && p->exchange != x)
		p = p->next;
	return p;
}

bool parked_mark(struct parked_list *l, const char *key)
{
	bool any = false;
	for (struct parked *p = l->first; p; p = p->next) {
		if (strcmp(p->key, key) == 0)
			any = p->ready = true;
	}
	return any;
}

int64_t parked_next(const struct parked_list *l)
{
	int64_t next = INT64_MAX;
	for (const struct parked *p = l->first; p; p = p->next)
		next = p->until_ms < next ? p->until_ms : next;
	return next;
}

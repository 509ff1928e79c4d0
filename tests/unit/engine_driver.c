#include "engine_driver.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "local/core/mem.h"

static void fake_random(void *arg, void *out, size_t n)
{
	struct driver *d = arg;
	unsigned char *p = out;
	for (size_t i = 0; i < n; i++) {
		d->seed = d->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		p[i] = (unsigned char)(d->seed >> 40);
	}
}

static void quote(char *text)
{
	for (; *text; text++)
		if (*text == '\'')
			*text = '"';
}

static void fake_task_start(void *arg, const struct engine_task *task)
{
	struct driver *d = arg;
	d->tasks = mem_room(d->tasks, d->n_tasks, &d->cap_tasks, sizeof(*d->tasks));
	d->tasks[d->n_tasks++] = (struct driver_task){
		.id = task->id,
		.function =
		    mem_printf("%s%s%s", task->function ? task->function : task->resource,
			       task->qualifier ? ":" : "", task->qualifier ? task->qualifier : ""),
		.input = mem_dup(task->input),
	};
}

static void fake_task_stop(void *arg, uint64_t id)
{
	struct driver *d = arg;
	for (size_t i = 0; i < d->n_tasks; i++)
		if (d->tasks[i].id == id)
			d->tasks[i].stopped = true;
}

static void fake_status_changed(void *arg, const struct engine_status_change *c)
{
	struct driver *d = arg;
	buf_add(&d->status_changes, c->detail.p, c->detail.n);
	buf_adds(&d->status_changes, "\n");
}

static void fake_object_start(void *arg, const struct engine_object *o)
{
	struct driver *d = arg;
	d->ops = mem_room(d->ops, d->n_ops, &d->cap_ops, sizeof(*d->ops));
	d->ops[d->n_ops++] = (struct driver_op){
		.id = o->id,
		.what = (int)o->what,
		.path = mem_printf("%s/%s", o->bucket, o->key),
		.body = mem_dup(o->body),
	};
}

static void fake_ready(void *arg, const char *key)
{
	(void)arg;
	(void)key;
}

static bool fake_denied(void *arg, const char *op)
{
	const struct driver *d = arg;
	return d->role_denied && strcmp(d->role_denied, op) == 0;
}

/* Among the operations on buckets: not one of theirs. */
enum { OP_ROLE = -1 };

static void fake_role_start(void *arg, uint64_t id, const char *role_arn)
{
	struct driver *d = arg;
	d->ops = mem_room(d->ops, d->n_ops, &d->cap_ops, sizeof(*d->ops));
	d->ops[d->n_ops++] = (struct driver_op){ id, OP_ROLE, mem_str(role_arn), NULL };
	d->role_reads++;
}

static void new_engine(struct driver *d)
{
	const struct engine_world world = { .arg = d,
					    .random = fake_random,
					    .task_start = fake_task_start,
					    .task_stop = fake_task_stop,
					    .ready = d->waits ? fake_ready : NULL,
					    .denied = fake_denied,
					    .role_start = d->asks_roles ? fake_role_start : NULL,
					    .status_changed = fake_status_changed,
					    .object_start = fake_object_start };
	INVARIANT(engine_new(&d->e, &d->config, &world, NULL) == 0);
}

void driver_open(struct driver *d, driver_handler *handler)
{
	*d = (struct driver){ .now = DRIVER_START, .seed = 1, .handler = handler };
	d->config = (struct engine_config){ .account = "123456789012", .region = "us-east-1" };
	d->answer = MEM_BUF;
	d->status_changes = MEM_BUF;
	new_engine(d);
}

void driver_reopen(struct driver *d)
{
	engine_free(d->e);
	new_engine(d);
}

static void free_tasks(struct driver *d)
{
	for (size_t i = 0; i < d->n_tasks; i++) {
		free(d->tasks[i].function);
		free(d->tasks[i].input);
	}
	d->n_tasks = 0;
}

static void free_ops(struct driver *d)
{
	for (size_t i = 0; i < d->n_ops; i++) {
		free(d->ops[i].path);
		free(d->ops[i].body);
	}
	d->n_ops = 0;
}

void driver_close(struct driver *d)
{
	engine_free(d->e);
	free_tasks(d);
	free(d->tasks);
	free_ops(d);
	free(d->ops);
	for (size_t i = 0; i < d->n_objects; i++) {
		free(d->objects[i].path);
		free(d->objects[i].body);
	}
	free(d->objects);
	for (size_t i = 0; i < d->n_records; i++) {
		free(d->records[i].kind);
		free(d->records[i].key);
		free(d->records[i].json);
	}
	free(d->records);
	buf_clear(&d->answer);
	buf_clear(&d->status_changes);
}

/* ---- requests ---- */

const char *driver_call(struct driver *d, const char *op, const char *args, ...)
{
	char *text = NULL;
	va_list ap;
	va_start(ap, args);
	INVARIANT(vasprintf(&text, args, ap) >= 0);
	va_end(ap);
	quote(text);
	cJSON *tree = json_parse(bytes_str(text), &d->err);
	if (!tree)
		(void)fprintf(stderr, "driver: %s in %s\n", d->err.message, text);
	INVARIANT(tree);
	d->err = (struct err){ 0 };
	buf_clear(&d->answer);
	d->answer = MEM_BUF;
	if (engine_request(d->e, d->now, op, tree, &d->answer, &d->err) != 0) {
		struct buf b = MEM_BUF;
		buf_addf(&b, "%s: %s%s", d->err.name, d->err.message, d->answer.n ? " " : "");
		buf_add(&b, d->answer.p, d->answer.n);
		buf_clear(&d->answer);
		d->answer = b;
	}
	cJSON_Delete(tree);
	free(text);
	return buf_cstr(&d->answer);
}

const char *driver_get(struct driver *d, const char *path)
{
	static char text[512];
	cJSON *tree = json_parse(buf_bytes(&d->answer), NULL);
	const cJSON *v = tree;
	while (v && *path) {
		char part[64];
		size_t n = strcspn(path, ".");
		(void)snprintf(part, sizeof(part), "%.*s", (int)n, path);
		int64_t index = 0;
		for (const char *p = part; *p >= '0' && *p <= '9'; p++)
			index = index * 10 + (*p - '0');
		v = cJSON_IsArray(v) ? cJSON_GetArrayItem(v, (int)index) : json_get(v, part);
		path += n + (path[n] == '.');
	}
	struct buf b = MEM_BUF;
	if (v && cJSON_IsString(v))
		buf_adds(&b, v->valuestring);
	else if (v)
		json_write(&b, v);
	else
		buf_adds(&b, "(absent)");
	(void)snprintf(text, sizeof(text), "%s", buf_cstr(&b));
	buf_clear(&b);
	cJSON_Delete(tree);
	return text;
}

/* ---- time ---- */

static bool answer_tasks(struct driver *d)
{
	size_t n = d->n_tasks;
	if (d->hold || n == 0)
		return false;
	struct driver_task *tasks = d->tasks;
	d->tasks = NULL;
	d->n_tasks = d->cap_tasks = 0;
	for (size_t i = 0; i < n; i++) {
		struct driver_task *t = &tasks[i];
		if (!t->stopped) {
			struct buf out = MEM_BUF;
			cJSON *input = json_parse(bytes_str(t->input), NULL);
			d->calls++;
			const char *error = d->handler(d, t->function, input, &out);
			engine_task_done(d->e, d->now, t->id, buf_bytes(&out), error,
					 error ? "from the handler" : NULL);
			cJSON_Delete(input);
			buf_clear(&out);
		}
		free(t->function);
		free(t->input);
	}
	free(tasks);
	return true;
}

const char *driver_object(struct driver *d, const char *path)
{
	for (size_t i = 0; i < d->n_objects; i++)
		if (strcmp(d->objects[i].path, path) == 0)
			return d->objects[i].body;
	return NULL;
}

void driver_put(struct driver *d, const char *path, const char *body)
{
	size_t i = 0;
	while (i < d->n_objects && strcmp(d->objects[i].path, path) != 0)
		i++;
	if (i == d->n_objects) {
		d->objects = mem_room(d->objects, i, &d->cap_objects, sizeof(*d->objects));
		d->objects[d->n_objects++] = (struct driver_object){ mem_str(path), NULL };
	}
	free(d->objects[i].body);
	d->objects[i].body = mem_str(body);
}

/* Every object whose path begins with the prefix. */
static char *list_objects(const struct driver *d, const char *prefix)
{
	struct buf b = MEM_BUF;
	buf_adds(&b, "[");
	for (size_t i = 0; i < d->n_objects; i++)
		if (strncmp(d->objects[i].path, prefix, strlen(prefix)) == 0)
			buf_addf(&b, "%s{\"Key\":\"%s\",\"Size\":%zu}", b.n > 1 ? "," : "",
				 strchr(d->objects[i].path, '/') + 1, strlen(d->objects[i].body));
	buf_adds(&b, "]");
	return mem_take(&b, NULL);
}

static void answer_role(struct driver *d, uint64_t id)
{
	char *text = mem_str(d->policies ? d->policies : "");
	quote(text);
	const struct engine_role role = { .missing = !d->policies,
					  .error = d->role_error,
					  .policies = bytes_str(text) };
	engine_role_done(d->e, d->now, id, &role);
	free(text);
}

static void answer_object(struct driver *d, const struct driver_op *o)
{
	char *list = o->what == ENGINE_OBJECT_LIST ? list_objects(d, o->path) : NULL;
	bool put = o->what == ENGINE_OBJECT_PUT, denied = put && d->denied;
	const char *body = list ? list : put ? NULL : driver_object(d, o->path);
	if (put && !denied)
		driver_put(d, o->path, o->body);
	bool missing = o->what == ENGINE_OBJECT_GET && !body;
	engine_object_done(d->e, d->now, o->id, bytes_str(body ? body : ""),
			   denied    ? "Access Denied"
			   : missing ? "The specified key does not exist."
				     : NULL);
	free(list);
}

static bool answer_objects(struct driver *d)
{
	size_t n = d->n_ops;
	struct driver_op *ops = d->ops;
	d->ops = NULL;
	d->n_ops = d->cap_ops = 0;
	for (size_t i = 0; i < n; i++) {
		struct driver_op *o = &ops[i];
		if (o->what == OP_ROLE)
			answer_role(d, o->id);
		else
			answer_object(d, o);
		free(o->path);
		free(o->body);
	}
	free(ops);
	return n > 0;
}

/* All of them, before the next restart: it begins reading and exporting from the start again, so with one
 * between any two a run of several files would never end. */
static bool answer_all_objects(struct driver *d)
{
	bool any = false;
	while (answer_objects(d))
		any = true;
	return any;
}

static int64_t run_at(struct driver *d)
{
	int64_t next;
	do {
		next = engine_step(d->e, d->now);
		if (d->restart)
			driver_restart(d);
	} while (answer_tasks(d) || answer_all_objects(d) || next <= d->now);
	return next;
}

void driver_run(struct driver *d)
{
	(void)run_at(d);
}

void driver_advance(struct driver *d, int64_t ms)
{
	int64_t end = d->now + ms;
	int64_t next = run_at(d);
	while (next <= end) {
		d->now = next;
		next = run_at(d);
	}
	d->now = end;
	(void)run_at(d);
}

/* ---- store ---- */

static void store_write(void *arg, const struct engine_record *r)
{
	struct driver *d = arg;
	size_t i = 0;
	bool is_event = strcmp(r->kind, "event") == 0; /* written once: no need to look */
	while (
	    !(is_event && r->json.p) && i < d->n_records &&
	    !(strcmp(d->records[i].kind, r->kind) == 0 && strcmp(d->records[i].key, r->key) == 0))
		i++;
	if (is_event && r->json.p)
		i = d->n_records;
	if (!r->json.p) {
		if (i == d->n_records)
			return; /* made and gone between two drains */
		free(d->records[i].kind);
		free(d->records[i].key);
		free(d->records[i].json);
		d->records[i] = d->records[--d->n_records];
		return;
	}
	if (i == d->n_records) {
		d->records = mem_room(d->records, i, &d->cap_records, sizeof(*d->records));
		d->records[d->n_records++] =
		    (struct driver_record){ mem_str(r->kind), mem_str(r->key), NULL };
	}
	free(d->records[i].json);
	d->records[i].json = mem_dup(r->json);
}

void driver_drain(struct driver *d)
{
	engine_drain(d->e, ++d->drains, store_write, d);
}

void driver_restart(struct driver *d)
{
	driver_drain(d);
	engine_free(d->e);
	free_tasks(d);
	free_ops(d);
	new_engine(d);
	/* Backwards: records may come in any order. */
	for (size_t i = d->n_records; i > 0; i--) {
		const struct driver_record *r = &d->records[i - 1];
		const struct engine_record back = { r->kind, r->key, bytes_str(r->json) };
		INVARIANT(engine_restore(d->e, &back, &d->err) == 0);
	}
	if (engine_restored(d->e, d->now, &d->err) != 0)
		(void)fprintf(stderr, "driver: %s\n", d->err.message);
}

/* ---- shorthands ---- */

const char *driver_history(struct driver *d, const char *arn)
{
	struct buf b = MEM_BUF;
	(void)driver_call(d, "GetExecutionHistory", "{'executionArn':'%s','maxResults':1000}", arn);
	cJSON *tree = json_parse(buf_bytes(&d->answer), NULL);
	const cJSON *events = json_get(tree, "events");
	for (const cJSON *ev = events ? events->child : NULL; ev; ev = ev->next)
		buf_addf(&b, "%s%" PRId64 "<%" PRId64 " %s", ev == events->child ? "" : ", ",
			 json_get_int(ev, "id", 0), json_get_int(ev, "previousEventId", -1),
			 json_get_str(ev, "type"));
	cJSON_Delete(tree);
	buf_clear(&d->answer);
	d->answer = b;
	return buf_cstr(&d->answer);
}

void driver_machine(struct driver *d, const char *name, const char *definition)
{
	struct buf b = MEM_BUF;
	char *copy = mem_str(definition);
	quote(copy);
	json_write_string(&b, bytes_str(copy));
	free(copy);
	const char *answer = driver_call(d, "CreateStateMachine",
					 "{'name':'%s','roleArn':'arn:aws:iam::123456789012:role/r'"
					 ",'definition':%s}",
					 name, buf_cstr(&b));
	if (d->err.code)
		(void)fprintf(stderr, "driver: %s\n", answer);
	buf_clear(&b);
}

const char *driver_start(struct driver *d, const char *machine, const char *name, const char *input)
{
	static char arn[300];
	struct buf b = MEM_BUF;
	char *copy = mem_str(input);
	quote(copy);
	json_write_string(&b, bytes_str(copy));
	free(copy);
	const char *answer =
	    driver_call(d, "StartExecution",
			"{'stateMachineArn':'arn:aws:states:us-east-1:123456789012:"
			"stateMachine:%s','name':'%s','input':%s}",
			machine, name, buf_cstr(&b));
	if (d->err.code)
		(void)fprintf(stderr, "driver: %s\n", answer);
	buf_clear(&b);
	(void)snprintf(arn, sizeof(arn), "arn:aws:states:us-east-1:123456789012:execution:%s:%s",
		       machine, name);
	return arn;
}

void driver_map_run(struct driver *d, const char *arn, int nth, char run[300])
{
	char path[40];
	(void)driver_call(d, "ListMapRuns", "{'executionArn':'%s'}", arn);
	(void)snprintf(path, sizeof(path), "mapRuns.%d.mapRunArn", nth);
	(void)snprintf(run, 300, "%s", driver_get(d, path));
}

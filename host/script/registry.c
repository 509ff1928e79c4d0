#include "script/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ABI_WITH_SIZE = 2 }; /* since when rows tell their size */

struct registry {
	struct registered_op **ops; /* each on its own: pointers stay valid while the list grows */
	size_t n_ops;
	struct registered_command *commands;
	size_t n_commands;
	const struct plugin *plugin; /* whose rows come next */
};

int registry_new(struct registry **out, struct err *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : err_set(err, ERR_NOMEM, "no memory for the registry");
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_ops; i++) {
		free(r->ops[i]->variants);
		free(r->ops[i]);
	}
	free((void *)r->ops);
	free(r->commands);
	free(r);
}

void registry_set_plugin(struct registry *r, const struct plugin *p)
{
	r->plugin = p;
}

static bool is_identifier(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	if (!s || !*s || !strchr(letters, *s))
		return false;
	for (; *s; s++)
		if (!strchr(letters, *s) && !(*s >= '0' && *s <= '9'))
			return false;
	return true;
}

static bool is_one_kind(unsigned flags)
{
	unsigned kind = flags & (OP_READS | OP_CHANGES);
	return kind == OP_READS || kind == OP_CHANGES;
}

static int check_row(const char *ns, const struct operation *op, struct err *err)
{
	if (!is_identifier(ns) || !is_identifier(op->name))
		return err_set(err, ERR_INVALID, "operation '%s.%s': not plain identifiers",
			       ns ? ns : "", op->name ? op->name : "");
	if (!is_one_kind(op->flags))
		return err_set(err, ERR_INVALID,
			       "operation '%s.%s': exactly one of OP_READS and OP_CHANGES", ns,
			       op->name);
	if (!op->start || !op->stop)
		return err_set(err, ERR_INVALID, "operation '%s.%s': start or stop is missing", ns,
			       op->name);
	return 0;
}

/* A row as its plugin knows it, brought to our size. What it lacks is 0; what we do not know is left
 * out. */
static int widen(struct operation *out, const struct operation *op, const struct plugin *p,
		 const char *ns, struct err *err)
{
	size_t size = offsetof(struct operation, size);
	if (!p || p->abi >= ABI_WITH_SIZE) {
		if (op->size < size + sizeof(op->size))
			return err_set(err, ERR_INVALID, "operation '%s.%s': size is not set", ns,
				       op->name);
		size = op->size < sizeof(*out) ? op->size : sizeof(*out);
	}
	*out = (struct operation){ 0 };
	memcpy(out, op, size);
	if (out->flags & OP_READS && (out->prepare || out->reconcile || out->resend_ms))
		return err_set(err, ERR_INVALID,
			       "operation '%s.%s': only a changing operation has prepare, "
			       "reconcile and resend_ms",
			       ns, op->name);
	return 0;
}

static size_t count_variants(const struct operation *op)
{
	size_t n = 0;
	while (op->variants && op->variants[n].flags)
		n++;
	return n;
}

static int check_variants(const char *ns, const struct operation *op, struct err *err)
{
	bool good = !op->variants == !op->variant;
	for (size_t i = 0; i < count_variants(op); i++) {
		const struct op_variant *v = &op->variants[i];
		good = good && is_one_kind(v->flags) && !(v->flags & OP_READS && v->resend_ms);
	}
	return good ? 0
		    : err_set(err, ERR_INVALID,
			      "operation '%s.%s': variants and variant go together, each with "
			      "exactly one of OP_READS and OP_CHANGES; a read has no resend_ms",
			      ns, op->name);
}

/* One block: the struct, its row, and behind them "NS.NAME" and "NS". */
static struct registered_op *new_op(const char *ns, const char *name, const struct operation *op)
{
	struct block {
		struct registered_op r;
		struct operation op;
	};
	size_t n_ns = strlen(ns), n_full = n_ns + strlen(name) + 2;
	struct block *b = calloc(1, sizeof(*b) + n_full + n_ns + 1);
	if (!b)
		return NULL;
	char *full = (char *)(b + 1), *copy = full + n_full;
	(void)snprintf(full, n_full, "%s.%s", ns, name);
	memcpy(copy, ns, n_ns + 1);
	b->op = *op;
	b->r.ns = copy;
	b->r.full_name = full;
	b->r.op = &b->op;
	return &b->r;
}

/* In one block: the structs, then their rows. */
static bool add_variants(struct registered_op *r)
{
	size_t n = count_variants(r->op);
	if (n == 0)
		return true;
	struct registered_op *v = calloc(n, sizeof(*v) + sizeof(struct operation));
	struct operation *rows = (struct operation *)(void *)(v + n);
	if (!v)
		return false;
	for (size_t i = 0; i < n; i++) {
		rows[i] = *r->op;
		rows[i].flags = r->op->variants[i].flags;
		rows[i].resend_ms = r->op->variants[i].resend_ms;
		if (rows[i].flags & OP_READS) {
			rows[i].prepare = NULL;
			rows[i].reconcile = NULL;
		}
		v[i] = *r;
		v[i].op = &rows[i];
	}
	r->variants = v;
	r->n_variants = n;
	return true;
}

int registry_add_operation(struct registry *r, const char *ns, const struct operation *op,
			   void *state, struct err *err)
{
	struct registered_op *added = NULL;
	struct operation row = { 0 };
	int rc = check_row(ns, op, err);
	if (rc == 0)
		rc = widen(&row, op, r->plugin, ns, err);
	if (rc == 0)
		rc = check_variants(ns, &row, err);
	if (rc < 0)
		return rc;
	if (registry_find(r, ns, op->name))
		return err_set(err, ERR_INVALID, "operation '%s.%s' is registered already", ns,
			       op->name);
	added = new_op(ns, op->name, &row);
	if (!added)
		return err_set(err, ERR_NOMEM, "no memory for an operation");
	added->state = state;
	added->plugin = r->plugin;
	void *grown = realloc((void *)r->ops, (r->n_ops + 1) * sizeof(struct registered_op *));
	if (grown)
		r->ops = grown;
	if (!grown || !add_variants(added)) {
		free(added);
		return err_set(err, ERR_NOMEM, "no memory for an operation");
	}
	r->ops[r->n_ops++] = added;
	return 0;
}

int registry_add_command(struct registry *r, const struct command *command, void *state,
			 struct err *err)
{
	if (!command->name || !*command->name || !command->start)
		return err_set(err, ERR_INVALID, "a command needs a name and a start");
	if (registry_find_command(r, command->name))
		return err_set(err, ERR_INVALID, "command '%s' is registered already",
			       command->name);
	void *grown = realloc(r->commands, (r->n_commands + 1) * sizeof(*r->commands));
	if (!grown)
		return err_set(err, ERR_NOMEM, "no memory for a command");
	r->commands = grown;
	r->commands[r->n_commands++] = (struct registered_command){ command, state, r->plugin };
	return 0;
}

const struct registered_op *registry_variant(const struct registered_op *op, struct bytes args)
{
	/* a variant, too, has the function, but none of its own */
	int i = op->n_variants > 0 ? op->op->variant(op->state, args) : -1;
	return i >= 0 && (size_t)i < op->n_variants ? &op->variants[i] : op;
}

size_t registry_n_operations(const struct registry *r)
{
	return r->n_ops;
}

const struct registered_op *registry_operation(const struct registry *r, size_t i)
{
	return i < r->n_ops ? r->ops[i] : NULL;
}

const struct registered_op *registry_find(const struct registry *r, const char *ns,
					  const char *name)
{
	for (size_t i = 0; i < r->n_ops; i++)
		if (strcmp(r->ops[i]->ns, ns) == 0 && strcmp(r->ops[i]->op->name, name) == 0)
			return r->ops[i];
	return NULL;
}

const struct registered_op *registry_find_full(const struct registry *r, const char *full_name)
{
	for (size_t i = 0; i < r->n_ops; i++)
		if (strcmp(r->ops[i]->full_name, full_name) == 0)
			return r->ops[i];
	return NULL;
}

bool registry_has_namespace(const struct registry *r, const char *ns)
{
	for (size_t i = 0; i < r->n_ops; i++)
		if (strcmp(r->ops[i]->ns, ns) == 0)
			return true;
	return false;
}

size_t registry_n_commands(const struct registry *r)
{
	return r->n_commands;
}

const struct registered_command *registry_command(const struct registry *r, size_t i)
{
	return i < r->n_commands ? &r->commands[i] : NULL;
}

const struct registered_command *registry_find_command(const struct registry *r, const char *name)
{
	for (size_t i = 0; i < r->n_commands; i++)
		if (strcmp(r->commands[i].command->name, name) == 0)
			return &r->commands[i];
	return NULL;
}

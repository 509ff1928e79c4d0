#include "audit/frontier.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/segment.h"
#include "base/whole.h"

#define CACHE_NAME "ledger.cache"

enum { CACHE_MAX = 8192 };

void frontier_init(struct frontier *f)
{
	*f = (struct frontier){ 0 };
	chain_init(&f->chain);
}

static bool read_nodes(struct merkle *tree, const cJSON *nodes)
{
	int n = cJSON_GetArraySize(nodes);
	if (n != (int)merkle_nodes(tree))
		return false;
	for (int i = 0; i < n; i++) {
		const char *hex = cJSON_GetStringValue(cJSON_GetArrayItem(nodes, i));
		if (!hex || !hash_from_hex(&tree->nodes[i], hex))
			return false;
	}
	return true;
}

static bool read_cache(struct frontier *f, const cJSON *v)
{
	struct hash last;
	const char *prev = json_get_str(v, "prev");
	int64_t size = json_get_int(v, "size", -1);
	frontier_init(f);
	f->bytes = json_get_int(v, "bytes", -1);
	f->chain.time_ms = json_get_int(v, "time_ms", -1);
	if (size < 1 || f->bytes < 1 || f->chain.time_ms < 0 || !prev ||
	    !hash_from_hex(&last, prev))
		return false;
	f->chain.seq = f->tree.size = (uint64_t)size;
	memcpy(f->chain.prev, prev, sizeof(f->chain.prev));
	return read_nodes(&f->tree, json_get(v, "nodes"));
}

bool frontier_load(struct frontier *f, int dir_fd, const struct checkpoint *c)
{
	char text[CACHE_MAX];
	struct frontier read_one;
	struct hash root;
	int fd = openat(dir_fd, CACHE_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, text, sizeof(text));
	(void)close(fd);
	cJSON *v = n > 0 ? json_parse((struct bytes){ text, (size_t)n }, NULL) : NULL;
	bool good = v && read_cache(&read_one, v) && read_one.tree.size == c->size &&
		    merkle_root(&root, &read_one.tree) == 0 && hash_eq(&root, &c->root);
	cJSON_Delete(v);
	if (good)
		*f = read_one;
	return good;
}

void frontier_save(const struct frontier *f, int dir_fd)
{
	char born[48], hex[SHA256_HEX + 1];
	struct buf b = BUF_INIT(CACHE_MAX);
	buf_addf(&b,
		 "{\"size\":%" PRIu64 ",\"bytes\":%" PRId64 ",\"time_ms\":%" PRId64
		 ",\"prev\":\"%s\",\"nodes\":[",
		 f->tree.size, f->bytes, f->chain.time_ms, f->chain.prev);
	for (unsigned i = 0; i < merkle_nodes(&f->tree); i++) {
		hex_lower(hex, f->tree.nodes[i].b, SHA256_LEN);
		buf_addf(&b, "%s\"%s\"", i ? "," : "", hex);
	}
	buf_adds(&b, "]}\n");
	(void)snprintf(born, sizeof(born), CACHE_NAME ".%d.new", (int)getpid());
	int fd = b.err ? -1
		       : openat(dir_fd, born, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
				0600);
	if (fd >= 0) {
		give_to_owner(fd, dir_fd, born);
		int rc = write_whole(fd, buf_bytes(&b), NULL);
		(void)close(fd);
		if (rc < 0 || renameat(dir_fd, born, dir_fd, CACHE_NAME) != 0)
			(void)unlinkat(dir_fd, born, 0);
	}
	buf_clear(&b);
}

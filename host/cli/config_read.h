/* config_read.h - the sections of the configuration that the host itself understands. */
#ifndef CLI_CONFIG_READ_H
#define CLI_CONFIG_READ_H

#include "cli/config_value.h"

/* Fill c from c->ini. only: the kind of sections that are looked at; NULL: all.
 * -ERR_INVALID "FILE:LINE: key: what was expected". */
NODISCARD int config_read_sections(struct config *c, const char *only, struct err *err);

/* Is it one of ours? */
bool config_known_section(const struct ini_section *s);
/* May a reload change this key of it (config_change.h)? */
bool config_is_live(const struct ini_section *s, const char *key);

/* The keys with which schedules and hooks say how their run is started. */
NODISCARD int config_read_start(struct reading *r, struct config_start *s);

/* config_schedule.c: [schedule NAME] */
NODISCARD int config_read_schedule(struct reading *r);
void config_clear_schedule(struct config_schedule *s);

NODISCARD int config_read_rates(struct reading *r); /* config_rate.c: [rate] */
NODISCARD int config_read_host(struct reading *r);  /* config_host.c: [host] */
NODISCARD int config_read_hook(struct reading *r);  /* config_hook.c: [hook NAME] */
/* config_deliveries.c: of it what becomes of its deliveries */
NODISCARD int config_read_deliveries(struct reading *r, struct config_hook *h);
NODISCARD int config_read_listen(struct reading *r); /* config_listen.c: [listen] */
/* Once all sections are read: does each hook have what it needs of the others? */
NODISCARD int config_judge_hooks(const struct config *c, struct err *err);

/* config_notify.c: [notify], [heartbeat] */
NODISCARD int config_read_notify(struct reading *r);
NODISCARD int config_read_heartbeat(struct reading *r);

#endif

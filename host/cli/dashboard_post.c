/* dashboard_post.c - forms of the dashboard: what they change, and who may. */
#include <stdlib.h>
#include <string.h>

#include "admin/form.h"
#include "cli/audit_check.h"
#include "cli/dashboard_private.h"
#include "trigger/approval_link.h"

enum { NUMBER_SIZE = 12 };

/* ---- votes ---- */

struct vote_form {
	char run[64], step[256], what[16], comment[APPROVAL_COMMENT_SIZE];
	int attempt;
};

/* @return 0: it is not one */
static int read_attempt(struct bytes body)
{
	char text[NUMBER_SIZE];
	int64_t n = 0;
	form_get(body, "attempt", text, sizeof(text));
	cJSON *v = json_parse(bytes_str(text), NULL);
	bool good = json_int_token(v, &n) && n > 0 && n < INT32_MAX;
	cJSON_Delete(v);
	return good ? (int)n : 0;
}

static bool read_vote(struct vote_form *f, struct bytes body)
{
	approval_form_comment(f->comment, body);
	f->attempt = read_attempt(body);
	return f->attempt > 0 && form_get(body, "run", f->run, sizeof(f->run)) &&
	       form_get(body, "step", f->step, sizeof(f->step)) &&
	       form_get(body, "do", f->what, sizeof(f->what)) &&
	       (strcmp(f->what, "approve") == 0 || strcmp(f->what, "reject") == 0);
}

static void say(struct visit *v, int status, const char *title, const char *text)
{
	page_say(&v->html, &v->view, title, text);
	answer_page(v->dashboard, v->x, status, &v->html, NULL);
}

static void on_voted(void *arg, const struct err *err)
{
	struct visit *v = arg;
	v->committing = false;
	if (v->dashboard && v->x && err->code)
		say(v, 503, "Not recorded",
		    "The vote could not be written down, so it may not count. Whoever runs this "
		    "has to look.");
	else if (v->dashboard && v->x)
		answer_moved(v->dashboard, v->x,
			     strcmp(v->query.said, "approve") == 0 ? "/approvals?said=approve"
								   : "/approvals?said=reject",
			     NULL);
	visit_free(v);
}

static void vote(struct visit *v, const struct vote_form *f)
{
	struct err err = { 0 };
	const struct run_ballot ballot = { .step = f->step,
					   .attempt = f->attempt,
					   .voter = v->person,
					   .by = "dashboard",
					   .approve = strcmp(f->what, "approve") == 0,
					   .comment = f->comment[0] ? f->comment : NULL };
	memcpy(v->query.said, f->what, sizeof(v->query.said));
	v->committing = true;
	if (run_vote(v->dashboard->serve->host.runs, f->run, &ballot, on_voted, v, &err) == 0)
		return;
	v->committing = false;
	if (strcmp(err.name, "NotAllowed") == 0)
		say(v, 403, "Not allowed", err.message);
	else if (strcmp(err.name, "NotWaiting") == 0)
		say(v, 410, "Over",
		    "Nothing waits for this approval any more: it was decided, its time is over, "
		    "or the run has ended.");
	else
		say(v, 503, "Not now", err.message);
	visit_free(v);
}

static void on_vote(struct dashboard *d, struct http_exchange *x, const struct http_received *req,
		    const struct session *session)
{
	struct vote_form f = { 0 };
	if (!read_vote(&f, req->body)) {
		answer_text(d, x, 400,
			    "run, step, attempt and do=approve or do=reject are needed\n");
		return;
	}
	struct visit *v = visit_new(d, x, session);
	if (v)
		vote(v, &f);
}

/* ---- the others ---- */

static void on_verify(struct dashboard *d, struct http_exchange *x, const struct http_received *req,
		      const struct session *session)
{
	(void)req, (void)session;
	audit_check_begin(d->check);
	answer_moved(d, x, "/audit", NULL);
}

static void on_leave(struct dashboard *d, struct http_exchange *x, const struct http_received *req,
		     const struct session *session)
{
	char cookie[COOKIE_SIZE];
	(void)req;
	feeds_end(d, session);
	sessions_leave(d->sessions, session);
	cookie_write(cookie, d, "");
	answer_moved(d, x, "/login", cookie);
}

static const struct form {
	const char *path;
	void (*post)(struct dashboard *d, struct http_exchange *x, const struct http_received *req,
		     const struct session *session);
} forms[] = {
	{ "/approvals", on_vote },
	{ "/audit", on_verify },
	{ "/leave", on_leave },
};

static const struct form *find_form(const char *path)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(forms[i].path, path) == 0)
			return &forms[i];
	}
	return NULL;
}

bool dashboard_takes_forms(const char *path)
{
	return find_form(path) != NULL;
}

/* The token is what another site does not know; a browser also says where the form was. */
static bool is_ours(const struct http_received *req, const struct session *session)
{
	char token[SESSION_KEY_SIZE];
	const char *site = http_header_get(req->headers, req->n_headers, "Sec-Fetch-Site");
	return form_get(req->body, "token", token, sizeof(token)) &&
	       session_token_is(session, token) && (!site || strcmp(site, "same-origin") == 0);
}

void dashboard_post(struct dashboard *d, struct http_exchange *x, const struct http_received *req,
		    const struct session *session)
{
	const struct form *form = find_form(req->path);
	INVARIANT(form);
	if (is_ours(req, session))
		form->post(d, x, req, session);
	else
		answer_text(d, x, 403,
			    "this form is not one of your session's: load the page again\n");
}

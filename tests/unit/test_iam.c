/* What IAM is asked about a role, what its answers become, and what is done when it does not answer. */
#include "tap.h"

#include "fake_host.h"

#include "local/shell/iam.h"
#include "local/shell/iam_inquiry.h"

#define ROLE "arn:aws:iam::123456789012:role/service/r 1"
#define RESULT(action, inner) \
	"<" action "Response xmlns='https://iam.amazonaws.com/doc/2010-05-08/'><" action \
	"Result>" inner "</" action "Result></" action "Response>"
#define NO_NAMES RESULT("ListRolePolicies", "<PolicyNames/><IsTruncated>false</IsTruncated>")
#define NO_ARNS RESULT("ListAttachedRolePolicies", "<AttachedPolicies/>")
#define REFUSAL(code) \
	"<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code><Message>no &lt;r&gt;" \
	"</Message></Error></ErrorResponse>"

/* ---- the inquiry ---- */

struct dialogue {
	struct iam_inquiry q;
	struct err err;
	char form[512];
};

static void dialogue_begin(struct dialogue *d)
{
	*d = (struct dialogue){ .form = "" };
	iam_inquiry_init(&d->q, ROLE);
}

static const char *asked(struct dialogue *d)
{
	struct buf form = BUF_INIT(sizeof(d->form) - 1);
	iam_inquiry_ask(&d->q, &form);
	(void)snprintf(d->form, sizeof(d->form), "%s", buf_cstr(&form));
	buf_clear(&form);
	return d->form;
}

static int answer(struct dialogue *d, int status, const char *xml)
{
	return iam_inquiry_take(&d->q, status, bytes_str(xml), &d->err);
}

TEST(inline_and_attached_policies_are_gathered)
{
	struct dialogue d;
	dialogue_begin(&d);
	CHECK_STR(asked(&d), "Action=ListRolePolicies&Version=2010-05-08&RoleName=r%201");
	CHECK_INT(answer(&d, 200,
			 RESULT("ListRolePolicies",
				"<PolicyNames><member>a+b</member><member>c&#64;</member>"
				"</PolicyNames><IsTruncated>false</IsTruncated>")),
		  0);
	CHECK_STR(asked(&d), "Action=ListAttachedRolePolicies&Version=2010-05-08&RoleName=r%201");
	CHECK_INT(answer(&d, 200,
			 RESULT("ListAttachedRolePolicies",
				"<AttachedPolicies><member><PolicyName>p</PolicyName><PolicyArn>"
				"arn:aws:iam::1:policy/p</PolicyArn></member></AttachedPolicies>")),
		  0);
	CHECK_STR(asked(&d), "Action=GetRolePolicy&Version=2010-05-08&RoleName=r%201&PolicyName="
			     "a%2Bb");
	CHECK_INT(answer(&d, 200,
			 RESULT("GetRolePolicy", "<PolicyDocument>%7B%22a%22%3A%20%22%2541%2B+"
						 "%zz%\"%7d</PolicyDocument>")),
		  0);
	CHECK_STR(asked(&d), "Action=GetRolePolicy&Version=2010-05-08&RoleName=r%201&PolicyName="
			     "c%40");
	CHECK_INT(
	    answer(&d, 200,
		   RESULT("GetRolePolicy",
			  "<PolicyDocument>{&quot;b&quot;:&quot;%41&quot;}</PolicyDocument>")),
	    0);
	CHECK_STR(asked(&d), "Action=GetPolicy&Version=2010-05-08&PolicyArn="
			     "arn%3Aaws%3Aiam%3A%3A1%3Apolicy%2Fp");
	CHECK_INT(
	    answer(&d, 200,
		   RESULT("GetPolicy", "<Policy><DefaultVersionId>v3</DefaultVersionId></Policy>")),
	    0);
	CHECK_STR(asked(&d), "Action=GetPolicyVersion&Version=2010-05-08&PolicyArn="
			     "arn%3Aaws%3Aiam%3A%3A1%3Apolicy%2Fp&VersionId=v3");
	CHECK(!iam_inquiry_done(&d.q));
	CHECK_INT(answer(&d, 200,
			 RESULT("GetPolicyVersion", "<PolicyVersion><Document>%7B%7D</Document>"
						    "</PolicyVersion>")),
		  0);
	CHECK(iam_inquiry_done(&d.q));
	CHECK(!d.q.missing);
	CHECK_STR(buf_cstr(&d.q.policies), "[{\"a\":\"%41++%zz%\"},{\"b\":\"%41\"},{}]");
	iam_inquiry_clear(&d.q);
}

TEST(a_list_is_read_page_after_page)
{
	struct dialogue d;
	dialogue_begin(&d);
	CHECK_INT(answer(&d, 200,
			 RESULT("ListRolePolicies",
				"<PolicyNames><member>a</member></PolicyNames><IsTruncated>true"
				"</IsTruncated><Marker>m=</Marker>")),
		  0);
	CHECK_INT(answer(&d, 200, NO_ARNS), 0);
	CHECK(strstr(asked(&d), "PolicyName=a"));
	CHECK_INT(answer(&d, 404, REFUSAL("NoSuchEntity")), 0); /* deleted meanwhile */
	CHECK_STR(asked(&d), "Action=ListRolePolicies&Version=2010-05-08&RoleName=r%201&Marker="
			     "m%3D");
	CHECK_INT(answer(&d, 200, NO_NAMES), 0);
	CHECK(iam_inquiry_done(&d.q));
	CHECK_STR(buf_cstr(&d.q.policies), "[]");
	iam_inquiry_clear(&d.q);
}

TEST(pages_without_end_are_given_up)
{
	struct dialogue d;
	int rc = 0, n = 0;
	dialogue_begin(&d);
	for (; !rc && n < 1000; n++) {
		bool attached = strstr(asked(&d), "Attached") != NULL;
		rc = answer(&d, 200,
			    attached ? NO_ARNS
				     : RESULT("ListRolePolicies",
					      "<PolicyNames/><IsTruncated>true</IsTruncated>"
					      "<Marker>m</Marker>"));
	}
	CHECK_INT(rc, -ERR_LIMIT);
	CHECK_STR(d.err.message, "more than 200 questions about one role");
	iam_inquiry_clear(&d.q);
}

TEST(a_role_that_is_not_there_ends_the_inquiry)
{
	struct dialogue d;
	dialogue_begin(&d);
	CHECK_INT(answer(&d, 404, REFUSAL("NoSuchEntity")), 0);
	CHECK(iam_inquiry_done(&d.q));
	CHECK(d.q.missing);
	iam_inquiry_clear(&d.q);
}

TEST(what_is_no_answer_is_refused_with_a_reason)
{
	static const struct {
		int status;
		const char *xml, *why;
	} rows[] = {
		{ 200, "", "the answer to ListRolePolicies is not one of IAM's" },
		{ 200, "<html>", "the answer to ListRolePolicies is not one of IAM's" },
		{ 200, NO_ARNS, "the answer to ListRolePolicies is not one of IAM's" },
		{ 200, RESULT("ListRolePolicies", ""), "the answer has no list" },
		{ 200, RESULT("ListRolePolicies", "<PolicyNames><member/></PolicyNames>"),
		  "the answer has no usable member" },
		{ 200, RESULT("ListRolePolicies", "<PolicyNames/><IsTruncated>true</IsTruncated>"),
		  "the answer has no usable Marker" },
		{ 403, REFUSAL("AccessDenied"), "ListRolePolicies: HTTP 403 AccessDenied: no <r>" },
		{ 500, "", "ListRolePolicies: HTTP 500" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dialogue d;
		dialogue_begin(&d);
		CHECK(answer(&d, rows[i].status, rows[i].xml) < 0);
		CHECK_STR(d.err.message, rows[i].why);
		iam_inquiry_clear(&d.q);
	}
}

TEST(a_policy_that_is_no_json_object_is_refused)
{
	static const char *const documents[][2] = {
		{ "%7B", "policy a is no JSON object: " },
		{ "%5B%5D", "policy a is no JSON object" },
		{ "%00", "policy a is no JSON object: " },
		{ "", "the answer has no usable PolicyDocument" },
	};
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		struct dialogue d;
		char xml[256];
		dialogue_begin(&d);
		CHECK_INT(answer(&d, 200,
				 RESULT("ListRolePolicies",
					"<PolicyNames><member>a</member></PolicyNames>")),
			  0);
		CHECK_INT(answer(&d, 200, NO_ARNS), 0);
		(void)snprintf(xml, sizeof(xml),
			       RESULT("GetRolePolicy", "<PolicyDocument>%s</PolicyDocument>"),
			       documents[i][0]);
		CHECK_INT(answer(&d, 200, xml), -ERR_INVALID);
		CHECK(strncmp(d.err.message, documents[i][1], strlen(documents[i][1])) == 0);
		iam_inquiry_clear(&d.q);
	}
}

/* ---- requests ---- */

struct world {
	struct fake_host host;
	struct iam *iam;
	int dones;
	uint64_t id;
	bool missing;
	char error[256], policies[256];
};

static void on_done(void *arg, void *owner, uint64_t id, const struct engine_role *role)
{
	struct world *w = arg;
	CHECK(owner == &w->host);
	w->dones++;
	w->id = id;
	w->missing = role->missing;
	(void)snprintf(w->error, sizeof(w->error), "%s", role->error ? role->error : "");
	(void)snprintf(w->policies, sizeof(w->policies), "%.*s", (int)role->policies.n,
		       role->policies.p);
}

static void begin_as(struct world *w, bool strict)
{
	*w = (struct world){ .dones = 0 };
	fake_init(&w->host);
	CHECK_INT(iam_open(&w->iam,
			   &(struct iam_spec){ .api = &w->host.api,
					       .endpoint = "http://127.0.0.1:5000",
					       .strict = strict,
					       .done = on_done,
					       .arg = w },
			   NULL),
		  0);
}

static void begin(struct world *w)
{
	begin_as(w, true);
}

static void end(struct world *w)
{
	iam_close(w->iam);
	CHECK(!w->host.http_done);
	CHECK(!w->host.timer_fn);
	fake_clear(&w->host);
}

static const char *const no_headers[] = { NULL };

TEST(questions_are_signed_for_iam_and_asked_one_after_the_other)
{
	struct world w;
	char value[512];
	begin(&w);
	iam_start(w.iam, &w.host, 7, ROLE);
	CHECK(iam_busy(w.iam));
	CHECK_STR(buf_cstr(&w.host.url), "http://127.0.0.1:5000/");
	CHECK(strstr(fake_header(&w.host, value, "Authorization"),
		     "/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date"));
	CHECK(fake_answer(&w.host, 200, NO_NAMES, no_headers));
	CHECK_INT(w.dones, 0);
	CHECK(fake_answer(&w.host, 200, NO_ARNS, no_headers));
	CHECK_INT(w.dones, 1);
	CHECK_INT(w.id, 7);
	CHECK_STR(w.error, "");
	CHECK_STR(w.policies, "[]");
	CHECK(!iam_busy(w.iam));
	end(&w);
}

TEST(a_missing_role_is_told)
{
	struct world w;
	begin(&w);
	iam_start(w.iam, &w.host, 7, ROLE);
	CHECK(fake_answer(&w.host, 404, REFUSAL("NoSuchEntity"), no_headers));
	CHECK_INT(w.dones, 1);
	CHECK(w.missing);
	CHECK_STR(w.error, "");
	end(&w);
}

TEST(a_role_that_is_not_known_may_do_everything_unless_strict)
{
	struct world w;
	begin_as(&w, false);
	iam_start(w.iam, &w.host, 7, ROLE);
	CHECK(fake_answer(&w.host, 404, REFUSAL("NoSuchEntity"), no_headers));
	CHECK(!w.missing);
	CHECK_STR(w.error, "");
	CHECK_STR(w.policies, "[{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\","
			      "\"Resource\":\"*\"}}]");
	end(&w);
}

TEST(what_may_go_better_is_asked_three_times)
{
	struct world w;
	begin(&w);
	iam_start(w.iam, &w.host, 7, ROLE);
	for (int i = 1; i < 3; i++) {
		CHECK(fake_answer(&w.host, 503, "", no_headers));
		CHECK_INT(w.host.sends, i);
		CHECK(fake_fire(&w.host));
	}
	CHECK_STR(buf_cstr(&w.host.body), "Action=ListRolePolicies&Version=2010-05-08&RoleName="
					  "r%201");
	CHECK_INT(w.dones, 0);
	CHECK(fake_answer(&w.host, 503, "", no_headers));
	CHECK_INT(w.dones, 1);
	CHECK(!w.missing);
	CHECK_STR(w.error, "ListRolePolicies: HTTP 503");
	end(&w);
}

TEST(a_refusal_is_told_at_once)
{
	struct world w;
	begin(&w);
	iam_start(w.iam, &w.host, 7, ROLE);
	CHECK(fake_answer(&w.host, 403, REFUSAL("AccessDenied"), no_headers));
	CHECK_INT(w.dones, 1);
	CHECK_STR(w.error, "ListRolePolicies: HTTP 403 AccessDenied: no <r>");
	end(&w);
}

TEST(nothing_is_told_of_a_dropped_reading)
{
	struct world w;
	begin(&w);
	iam_start(w.iam, &w.host, 7, ROLE);
	iam_drop(w.iam);
	CHECK(!iam_busy(w.iam));
	CHECK(!w.host.http_done);
	iam_start(w.iam, &w.host, 8, ROLE);
	CHECK(fake_answer(&w.host, 503, "", no_headers)); /* waits to ask again */
	end(&w);
	CHECK_INT(w.dones, 0);
}

TEST(a_name_that_is_too_long_is_no_question)
{
	static char role[8000];
	struct world w;
	memset(role, '+', sizeof(role) - 1);
	begin(&w);
	iam_start(w.iam, &w.host, 7, role);
	CHECK_INT(w.dones, 0);
	CHECK_INT(w.host.sends, 0);
	CHECK(fake_fire(&w.host));
	CHECK_INT(w.dones, 1);
	CHECK_STR(w.error, "the name of the role is too long");
	end(&w);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(inline_and_attached_policies_are_gathered),
	    TAP_CASE(a_list_is_read_page_after_page), TAP_CASE(pages_without_end_are_given_up),
	    TAP_CASE(a_role_that_is_not_there_ends_the_inquiry),
	    TAP_CASE(what_is_no_answer_is_refused_with_a_reason),
	    TAP_CASE(a_policy_that_is_no_json_object_is_refused),
	    TAP_CASE(questions_are_signed_for_iam_and_asked_one_after_the_other),
	    TAP_CASE(a_missing_role_is_told),
	    TAP_CASE(a_role_that_is_not_known_may_do_everything_unless_strict),
	    TAP_CASE(what_may_go_better_is_asked_three_times), TAP_CASE(a_refusal_is_told_at_once),
	    TAP_CASE(nothing_is_told_of_a_dropped_reading),
	    TAP_CASE(a_name_that_is_too_long_is_no_question)));
}

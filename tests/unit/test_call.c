/* One API call against a host in which nothing happens on its own: every path, driven by hand. */
#include "tap.h"

#include "call_world.h"

/* ---- the happy path ---- */

TEST(a_call_is_signed_sent_and_answered_but_never_inside_start)
{
	struct world w;
	char h[512];
	world_init(&w);

	begin(&w, "DescribeMapRun", RUN_ARGS);
	CHECK_INT(w.fake.sends + w.fake.dones, 0);
	REQUIRE(fake_fire(&w.fake));

	CHECK_STR(buf_cstr(&w.fake.url), "https://states.us-east-1.amazonaws.com/");
	CHECK_STR(buf_cstr(&w.fake.body), RUN_ARGS);
	CHECK_STR(fake_header(&w.fake, h, "Host"), "states.us-east-1.amazonaws.com");
	CHECK_STR(fake_header(&w.fake, h, "X-Amz-Target"), "AWSStepFunctions.DescribeMapRun");
	CHECK_STR(fake_header(&w.fake, h, "Content-Type"), "application/x-amz-json-1.0");
	CHECK_STR(fake_header(&w.fake, h, "X-Amz-Date"), "20261121T222640Z");
	CHECK_STR(fake_header(&w.fake, h, "amz-sdk-request"), "attempt=1; max=3");
	CHECK(strncmp(fake_header(&w.fake, h, "Authorization"),
		      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/us-east-1/states/"
		      "aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, ",
		      130) == 0);

	REQUIRE(fake_answer(&w.fake, 200, "{\"status\":\"FAILED\",\"stopDate\":1.79E9}",
			    (const char *const[]){ "x-amzn-RequestId", "r-1", NULL }));
	CHECK_INT(w.fake.dones, 1);
	CHECK_STR(buf_cstr(&w.fake.code), "");
	CHECK_STR(buf_cstr(&w.fake.answer), "{\"status\":\"FAILED\",\"stopDate\":1.79E9}");
	CHECK_STR(buf_cstr(&w.fake.request_id), "r-1");
	CHECK_STR(buf_cstr(&w.fake.context), "{\"identity\":\"AKIDEXAMPLE\"}");
	CHECK_INT(w.fake.attempts, 1);
	CHECK(!w.host_call.plugin);
	world_clear(&w);
}

TEST(a_session_token_is_sent_and_signed)
{
	struct world w;
	char h[512];
	world_init(&w);
	fake_setenv(&w.fake, "AWS_SESSION_TOKEN", "session");

	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));

	CHECK_STR(fake_header(&w.fake, h, "X-Amz-Security-Token"), "session");
	CHECK(strstr(fake_header(&w.fake, h, "Authorization"), ";x-amz-security-token;"));
	world_clear(&w);
}

TEST(an_empty_answer_is_an_empty_object)
{
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "DeleteStateMachine", "{\"stateMachineArn\":\"a\"}"));
	REQUIRE(fake_answer(&w.fake, 200, "", NULL));

	CHECK_STR(buf_cstr(&w.fake.answer), "{}");
	CHECK_STR(buf_cstr(&w.fake.code), "");
	world_clear(&w);
}

/* ---- errors of the service ---- */

TEST(the_services_errors_keep_their_code_message_and_members)
{
	static const char *const codes[] = { "ResourceNotFound",       "InvalidArn",
					     "ExecutionDoesNotExist",  "ExecutionNotRedrivable",
					     "ExecutionLimitExceeded", "ValidationException" };
	struct world w;
	char body[256];
	world_init(&w);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		(void)snprintf(body, sizeof(body),
			       "{\"__type\":\"com.amazonaws.swf.service.v2.model#%s\","
			       "\"message\":\"it says why\",\"reason\":\"R\"}",
			       codes[i]);
		REQUIRE(send(&w, "RedriveExecution", REDRIVE_ARGS));
		REQUIRE(fake_answer(&w.fake, 400, body, NULL));
		CHECK_STR(buf_cstr(&w.fake.code), codes[i]);
		CHECK_STR(buf_cstr(&w.fake.message), "it says why");
		CHECK_STR(buf_cstr(&w.fake.extra), "{\"reason\":\"R\"}");
		CHECK_INT(w.fake.status, 400);
		CHECK(!w.fake.unknown && !w.fake.retryable);
	}
	CHECK_INT(w.fake.sends, 6);
	CHECK_INT(w.fake.dones, 6);
	world_clear(&w);
}

TEST(access_denied_names_action_and_resource_from_the_message)
{
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "RedriveExecution", REDRIVE_ARGS));
	REQUIRE(fake_answer(
	    &w.fake, 400,
	    "{\"__type\":\"com.amazon.coral.service#AccessDeniedException\",\"Message\":\"User: "
	    "arn:aws:iam::1:user/u is not authorized to perform: states:RedriveExecution on "
	    "resource: arn:x because no policy allows it\"}",
	    NULL));

	CHECK_STR(buf_cstr(&w.fake.code), "AccessDeniedException");
	CHECK_STR(buf_cstr(&w.fake.extra),
		  "{\"action\":\"states:RedriveExecution\",\"resource\":\"arn:x\"}");
	world_clear(&w);
}

TEST(access_denied_without_words_names_what_the_row_and_the_arguments_say)
{
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "RedriveExecution", REDRIVE_ARGS));
	REQUIRE(fake_answer(&w.fake, 403, "{\"__type\":\"AccessDeniedException\"}", NULL));

	CHECK_STR(buf_cstr(&w.fake.extra), "{\"action\":\"states:RedriveExecution\","
					   "\"resource\":\"" EXECUTION "\"}");
	world_clear(&w);
}

TEST(a_redirect_is_an_error_and_not_followed)
{
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "RedriveExecution", REDRIVE_ARGS));
	REQUIRE(fake_answer(&w.fake, 302, "",
			    (const char *const[]){ "Location", "http://elsewhere/", NULL }));

	CHECK_INT(w.fake.sends, 1);
	CHECK_STR(buf_cstr(&w.fake.code), "302");
	CHECK_STR(buf_cstr(&w.fake.message),
		  "redirected to http://elsewhere/, which is never followed");
	CHECK(!w.fake.unknown);
	world_clear(&w);
}

/* ---- retries ---- */

TEST(a_throttled_call_backs_off_and_is_signed_afresh)
{
	struct world w;
	char first[512], second[512], h[512];
	world_init(&w);
	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	(void)fake_header(&w.fake, first, "amz-sdk-invocation-id");

	REQUIRE(fake_answer(&w.fake, 400, ERROR("ThrottlingException"), NULL));
	CHECK_INT(w.fake.throttled, 1);
	CHECK_INT(w.fake.delay_ms, 999);
	w.fake.now_ms += 5000;
	REQUIRE(resend(&w));

	CHECK_STR(fake_header(&w.fake, h, "amz-sdk-request"), "attempt=2; max=3");
	CHECK_STR(fake_header(&w.fake, h, "X-Amz-Date"), "20261121T222645Z");
	CHECK_STR(fake_header(&w.fake, second, "amz-sdk-invocation-id"), first);
	CHECK_STR(buf_cstr(&w.fake.body), RUN_ARGS);
	REQUIRE(fake_answer(&w.fake, 200, "{}", NULL));
	CHECK_INT(w.fake.attempts, 2);
	CHECK_STR(buf_cstr(&w.fake.code), "");
	world_clear(&w);
}

TEST(the_third_failure_is_the_last)
{
	static const struct turn turns[] = {
		{ .status = 503, .text = "", .delay_ms = 49 },
		{ .status = 500, .text = ERROR("InternalFailure"), .delay_ms = 99 },
		{ .status = 400, .text = ERROR("ThrottlingException") },
	};
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	REQUIRE(play(&w, turns, 3));

	CHECK_INT(w.fake.dones, 1);
	CHECK_INT(w.fake.attempts, 3);
	CHECK_STR(buf_cstr(&w.fake.code), "ThrottlingException");
	CHECK(w.fake.retryable && !w.fake.unknown);
	world_clear(&w);
}

TEST(the_service_may_ask_for_up_to_five_seconds_more)
{
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	REQUIRE(fake_answer(&w.fake, 503, "",
			    (const char *const[]){ "x-amz-retry-after", "3000", NULL }));
	CHECK_INT(w.fake.delay_ms, 3000);
	REQUIRE(resend(&w));
	REQUIRE(fake_answer(&w.fake, 503, "",
			    (const char *const[]){ "x-amz-retry-after", "60000", NULL }));
	CHECK_INT(w.fake.delay_ms, 99 + 5000);
	world_clear(&w);
}

TEST(an_empty_quota_stops_retries_and_success_refills_it)
{
	static const struct turn down = { .status = 500, .text = "" };
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	w.client->quota.left = 14;
	REQUIRE(play(&w, (const struct turn[]){ down, down }, 2));
	CHECK_INT(w.client->quota.left, 0);
	CHECK_INT(w.fake.dones, 1);
	CHECK_INT(w.fake.attempts, 2);

	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	REQUIRE(fake_answer(&w.fake, 200, "{}", NULL));
	CHECK_INT(w.client->quota.left, 1);
	world_clear(&w);
}

TEST(a_wrong_clock_is_corrected_once_and_for_all)
{
	static const char *const date[] = { "Date", "Sat, 21 Nov 2026 22:46:40 GMT", NULL };
	struct world w;
	char h[512];
	world_init(&w);
	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	REQUIRE(fake_answer(&w.fake, 400, ERROR("InvalidSignatureException"), date));
	REQUIRE(resend(&w));
	CHECK_STR(fake_header(&w.fake, h, "X-Amz-Date"), "20261121T224640Z");
	REQUIRE(fake_answer(&w.fake, 200, "{}", date));

	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	CHECK_STR(fake_header(&w.fake, h, "X-Amz-Date"), "20261121T224640Z");
	world_clear(&w);
}

TEST(a_bad_signature_by_a_right_clock_is_not_retried)
{
	static const char *const date[] = { "Date", "Sat, 21 Nov 2026 22:26:40 GMT", NULL };
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	REQUIRE(fake_answer(&w.fake, 400, ERROR("InvalidSignatureException"), date));

	CHECK_INT(w.fake.dones, 1);
	CHECK_STR(buf_cstr(&w.fake.code), "InvalidSignatureException");
	world_clear(&w);
}

/* ---- broken answers ---- */

TEST(a_broken_200_is_retried_for_a_read_and_then_an_error)
{
	static const struct turn turns[] = {
		{ .status = 200, .text = "{\"status\":" },
		{ .status = 200, .text = "null" },
		{ .status = 200, .text = "{\"itemCounts\":{\"failed\":\"2\"}}" },
	};
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	REQUIRE(play(&w, turns, 3));

	CHECK_INT(w.fake.dones, 1);
	CHECK_STR(buf_cstr(&w.fake.code), "MalformedResponse");
	CHECK_STR(buf_cstr(&w.fake.message), "itemCounts.failed is a string, expected an integer");
	CHECK_INT(w.fake.status, 200);
	CHECK(!w.fake.unknown);
	world_clear(&w);
}

TEST(a_broken_200_of_a_change_without_token_leaves_it_unknown_at_once)
{
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "StopExecution", "{\"executionArn\":\"" EXECUTION "\"}"));
	REQUIRE(fake_answer(&w.fake, 200, "<html>", NULL));

	CHECK_INT(w.fake.sends, 1);
	CHECK_STR(buf_cstr(&w.fake.code), "OutcomeUnknown");
	CHECK(w.fake.unknown);
	world_clear(&w);
}

TEST(an_answer_over_the_limit_is_an_error_of_its_own)
{
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	REQUIRE(fake_break(&w.fake, ERR_LIMIT, "answer over 16777216 bytes", true));
	CHECK_STR(buf_cstr(&w.fake.code), "ResponseTooLarge");
	CHECK_INT(w.fake.sends, 1);

	REQUIRE(send(&w, "RedriveExecution", REDRIVE_ARGS));
	REQUIRE(fake_break(&w.fake, ERR_LIMIT, "answer over 16777216 bytes", true));
	CHECK_STR(buf_cstr(&w.fake.code), "OutcomeUnknown");
	world_clear(&w);
}

/* ---- doubt ---- */

TEST(a_redrive_whose_answer_was_lost_is_sent_again_with_its_token)
{
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "RedriveExecution", REDRIVE_ARGS));
	REQUIRE(fake_break(&w.fake, ERR_IO, "connection reset", true));
	REQUIRE(resend(&w));
	CHECK_STR(buf_cstr(&w.fake.body), REDRIVE_ARGS);
	REQUIRE(fake_answer(&w.fake, 200, REDRIVEN, NULL));

	CHECK_INT(w.fake.dones, 1);
	CHECK_STR(buf_cstr(&w.fake.code), "");
	CHECK_STR(buf_cstr(&w.fake.answer), REDRIVEN);
	CHECK(!w.fake.unknown);
	world_clear(&w);
}

TEST(a_redrive_whose_answers_were_all_lost_is_unknown)
{
	static const struct turn turns[] = {
		{ .code = ERR_TIMEOUT, .text = "no byte for 60 s", .maybe_sent = true },
		{ .code = ERR_IO, .text = "connection refused" },
		{ .code = ERR_IO, .text = "connection refused" },
	};
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "RedriveExecution", REDRIVE_ARGS));
	REQUIRE(play(&w, turns, 3));

	CHECK_STR(buf_cstr(&w.fake.code), "OutcomeUnknown");
	CHECK(w.fake.unknown && !w.fake.retryable);
	CHECK_INT(w.fake.attempts, 3);
	CHECK_STR(buf_cstr(&w.fake.message),
		  "attempt 1 of 3 ended with "
		  "Timeout: no byte for 60 s; the last attempt ended with ConnectionError: "
		  "connection refused");
	CHECK_STR(buf_cstr(&w.fake.extra), "{\"cause\":\"ConnectionError\"}");
	world_clear(&w);
}

TEST(a_refusal_after_a_lost_answer_does_not_settle_the_doubt)
{
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "RedriveExecution", REDRIVE_ARGS));
	REQUIRE(fake_answer(&w.fake, 500, "", NULL));
	REQUIRE(resend(&w));
	REQUIRE(fake_answer(&w.fake, 400, ERROR("ExecutionNotRedrivable"), NULL));

	CHECK_STR(buf_cstr(&w.fake.code), "OutcomeUnknown");
	CHECK(w.fake.unknown);
	CHECK(strstr(buf_cstr(&w.fake.message), "ended with ExecutionNotRedrivable: why"));
	world_clear(&w);
}

TEST(a_connection_that_was_never_made_is_no_doubt)
{
	static const struct turn refused = { .code = ERR_IO, .text = "connection refused" };
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "RedriveExecution", REDRIVE_ARGS));
	REQUIRE(play(&w, (const struct turn[]){ refused, refused, refused }, 3));

	CHECK_STR(buf_cstr(&w.fake.code), "ConnectionError");
	CHECK(!w.fake.unknown && w.fake.retryable);
	CHECK_INT(w.fake.status, 0);
	world_clear(&w);
}

TEST(a_read_is_never_in_doubt)
{
	static const struct turn slow = { .code = ERR_TIMEOUT, .text = "slow", .maybe_sent = true };
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	REQUIRE(play(&w, (const struct turn[]){ slow, slow, slow }, 3));

	CHECK_STR(buf_cstr(&w.fake.code), "Timeout");
	CHECK(!w.fake.unknown);
	world_clear(&w);
}

TEST(a_call_is_in_doubt_from_its_first_byte_to_a_definite_answer)
{
	struct world w;
	world_init(&w);
	begin(&w, "RedriveExecution", REDRIVE_ARGS);
	CHECK(!call_in_doubt(&w.host_call));

	REQUIRE(fake_fire(&w.fake));
	CHECK(!call_in_doubt(&w.host_call)); /* connecting */
	w.fake.maybe_sent = true;
	CHECK(call_in_doubt(&w.host_call));
	REQUIRE(fake_answer(&w.fake, 400, ERROR("ThrottlingException"), NULL));
	CHECK(!call_in_doubt(&w.host_call)); /* in back-off, refused */

	w.fake.maybe_sent = false;
	REQUIRE(resend(&w));
	CHECK(!call_in_doubt(&w.host_call));
	REQUIRE(fake_break(&w.fake, ERR_IO, "connection reset", true));
	CHECK(call_in_doubt(&w.host_call)); /* in back-off, answer lost */
	call_stop(&w.host_call);
	CHECK(!call_in_doubt(&w.host_call));
	world_clear(&w);
}

/* ---- time ---- */

TEST(a_deadline_cuts_the_attempt_and_forbids_a_late_back_off)
{
	struct world w;
	world_init(&w);
	w.host_call.deadline_ms = w.fake.mono_ms + 900;
	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	CHECK_INT(w.fake.timeout_ms, 900);
	REQUIRE(fake_answer(&w.fake, 400, ERROR("ThrottlingException"), NULL));

	CHECK_INT(w.fake.dones, 1);
	CHECK(!w.fake.timer_fn);
	CHECK_STR(buf_cstr(&w.fake.code), "ThrottlingException");
	world_clear(&w);
}

TEST(nothing_is_sent_after_not_after)
{
	struct world w;
	world_init(&w);
	w.host_call.not_after_ms = w.fake.now_ms - 1;
	begin(&w, "RedriveExecution", REDRIVE_ARGS);
	REQUIRE(fake_fire(&w.fake));

	CHECK_INT(w.fake.sends, 0);
	CHECK_STR(buf_cstr(&w.fake.code), "DeadlineExceeded");
	CHECK_INT(w.fake.attempts, 0);
	CHECK(!w.fake.unknown);
	world_clear(&w);
}

static int held(struct host_call *call, struct err *err)
{
	(void)call;
	return err_named(err, ERR_LIMIT, "PolicyDenied", "every change is held");
}

TEST(an_attempt_that_the_rules_do_not_let_go_is_not_sent)
{
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "RedriveExecution", REDRIVE_ARGS));
	REQUIRE(fake_answer(&w.fake, 400, ERROR("ThrottlingException"), NULL));
	w.host_call.may_send = held;
	CHECK(!resend(&w));

	CHECK_INT(w.fake.sends, 1);
	CHECK_STR(buf_cstr(&w.fake.code), "PolicyDenied");
	CHECK_STR(buf_cstr(&w.fake.message), "every change is held");
	CHECK_INT(w.fake.attempts, 1);
	CHECK(!w.fake.unknown);
	CHECK(!w.fake.retryable);
	world_clear(&w);
}

TEST(a_call_in_doubt_stays_so_when_the_rules_stop_it)
{
	struct world w;
	world_init(&w);
	REQUIRE(send(&w, "RedriveExecution", REDRIVE_ARGS));
	REQUIRE(fake_break(&w.fake, ERR_IO, "connection reset", true));
	w.host_call.may_send = held;
	CHECK(!resend(&w));

	CHECK_INT(w.fake.sends, 1);
	CHECK_STR(buf_cstr(&w.fake.code), "OutcomeUnknown");
	CHECK(w.fake.unknown);
	world_clear(&w);
}

TEST(no_attempt_starts_after_not_after_even_if_the_back_off_took_too_long)
{
	struct world w;
	world_init(&w);
	w.host_call.not_after_ms = w.fake.now_ms + 200;
	REQUIRE(send(&w, "RedriveExecution", REDRIVE_ARGS));
	REQUIRE(fake_break(&w.fake, ERR_IO, "connection reset", true));
	w.fake.now_ms += 1000;
	CHECK(!resend(&w));

	CHECK_INT(w.fake.sends, 1);
	CHECK_INT(w.fake.dones, 1);
	CHECK_STR(buf_cstr(&w.fake.code), "OutcomeUnknown");
	CHECK_STR(buf_cstr(&w.fake.message), "attempt 1 of 3 ended with "
					     "ConnectionError: connection reset");
	world_clear(&w);
}

/* ---- stopping ---- */

TEST(stop_leaves_nothing_pending_in_any_state)
{
	for (int state = 0; state < 3; state++) {
		struct world w;
		world_init(&w);
		begin(&w, "DescribeMapRun", RUN_ARGS);
		CHECK(state < 1 || fake_fire(&w.fake));
		CHECK(state < 2 || fake_answer(&w.fake, 500, "", NULL));

		call_stop(&w.host_call);

		CHECK(!w.fake.timer_fn && !w.fake.http_done && !w.host_call.plugin);
		CHECK_INT(w.fake.dones, 0);
		call_stop(&w.host_call);
		world_clear(&w);
	}
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_call_is_signed_sent_and_answered_but_never_inside_start),
	    TAP_CASE(a_session_token_is_sent_and_signed),
	    TAP_CASE(an_empty_answer_is_an_empty_object),
	    TAP_CASE(the_services_errors_keep_their_code_message_and_members),
	    TAP_CASE(access_denied_names_action_and_resource_from_the_message),
	    TAP_CASE(access_denied_without_words_names_what_the_row_and_the_arguments_say),
	    TAP_CASE(a_redirect_is_an_error_and_not_followed),
	    TAP_CASE(a_throttled_call_backs_off_and_is_signed_afresh),
	    TAP_CASE(the_third_failure_is_the_last),
	    TAP_CASE(the_service_may_ask_for_up_to_five_seconds_more),
	    TAP_CASE(an_empty_quota_stops_retries_and_success_refills_it),
	    TAP_CASE(a_wrong_clock_is_corrected_once_and_for_all),
	    TAP_CASE(a_bad_signature_by_a_right_clock_is_not_retried),
	    TAP_CASE(a_broken_200_is_retried_for_a_read_and_then_an_error),
	    TAP_CASE(a_broken_200_of_a_change_without_token_leaves_it_unknown_at_once),
	    TAP_CASE(an_answer_over_the_limit_is_an_error_of_its_own),
	    TAP_CASE(a_redrive_whose_answer_was_lost_is_sent_again_with_its_token),
	    TAP_CASE(a_redrive_whose_answers_were_all_lost_is_unknown),
	    TAP_CASE(a_refusal_after_a_lost_answer_does_not_settle_the_doubt),
	    TAP_CASE(a_connection_that_was_never_made_is_no_doubt),
	    TAP_CASE(a_read_is_never_in_doubt),
	    TAP_CASE(a_call_is_in_doubt_from_its_first_byte_to_a_definite_answer),
	    TAP_CASE(a_deadline_cuts_the_attempt_and_forbids_a_late_back_off),
	    TAP_CASE(nothing_is_sent_after_not_after),
	    TAP_CASE(an_attempt_that_the_rules_do_not_let_go_is_not_sent),
	    TAP_CASE(a_call_in_doubt_stays_so_when_the_rules_stop_it),
	    TAP_CASE(no_attempt_starts_after_not_after_even_if_the_back_off_took_too_long),
	    TAP_CASE(stop_leaves_nothing_pending_in_any_state)));
}

/* Which state machine a call is about, for budgets over all its executions. */
#include "tap.h"

#include "sfn/group.h"

#define HEAD "arn:aws:states:eu-central-1:123456789012:"
#define ORDERS HEAD "stateMachine:Orders"

static const char *group(const char *arn, char out[256])
{
	struct buf b = BUF_INIT(256);
	group_of_arn(&b, arn);
	(void)snprintf(out, 256, "%s", buf_cstr(&b));
	buf_clear(&b);
	return out;
}

TEST(every_kind_of_arn_names_its_machine)
{
	char s[256];
	CHECK_STR(group(HEAD "execution:Orders:one", s), ORDERS);
	CHECK_STR(group(HEAD "execution:Orders/Send:child", s), ORDERS);
	CHECK_STR(group(HEAD "express:Orders:one:1234", s), ORDERS);
	CHECK_STR(group(HEAD "mapRun:Orders/Send:1234", s), ORDERS);
	CHECK_STR(group(HEAD "stateMachine:Orders", s), ORDERS);
	CHECK_STR(group(HEAD "stateMachine:Orders:PROD", s), ORDERS);
	CHECK_STR(group("arn:aws-cn:states:cn-north-1:1:execution:O:x", s),
		  "arn:aws-cn:states:cn-north-1:1:stateMachine:O");
}

TEST(what_is_no_such_arn_has_none)
{
	static const char *const texts[] = { "",
					     "Orders",
					     "arn:aws:states:r:a:execution",
					     "arn:aws:states:r:a:execution:",
					     "arn:aws:states:r:a:activity:Orders",
					     HEAD "execution::one",
					     "x:aws:states:r:a:execution:Orders:one" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char s[256];
		CHECK_STR(group(texts[i], s), "");
	}
}

TEST(arguments_name_it_by_whatever_they_have)
{
	static const char *const args[][2] = {
		{ "{\"executionArn\":\"" HEAD "execution:Orders:one\"}", ORDERS },
		{ "{\"mapRunArn\":\"" HEAD "mapRun:Orders/S:1\",\"maxConcurrency\":1}", ORDERS },
		{ "{\"stateMachineArn\":\"" ORDERS "\",\"name\":\"x\"}", ORDERS },
		{ "{\"name\":\"x\"}", "" },
		{ "{\"executionArn\":1}", "" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		struct buf b = BUF_INIT(256);
		group_of_args(&b, bytes_str(args[i][0]));
		CHECK_STR(buf_cstr(&b), args[i][1]);
		buf_clear(&b);
	}
}

TEST(the_account_of_an_arn)
{
	static const char *const arns[][2] = {
		{ ORDERS, "123456789012" },
		{ "arn:aws:iam::123456789012:role/r", "123456789012" },
		{ "arn:aws:s3:::bucket", "" },
		{ "arn:aws:iam::1234567890123:role/r", "" },
		{ "arn:aws:iam::123456789012", "" },
		{ "urn:aws:iam::123456789012:role/r", "" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof(arns) / sizeof(arns[0]); i++)
		CHECK(bytes_eq(account_of_arn(arns[i][0]), bytes_str(arns[i][1])));
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(every_kind_of_arn_names_its_machine),
				 TAP_CASE(the_account_of_an_arn),
				 TAP_CASE(what_is_no_such_arn_has_none),
				 TAP_CASE(arguments_name_it_by_whatever_they_have)));
}

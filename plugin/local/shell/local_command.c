/* local_command.c - the command `runbook local`. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

#include "local/local.h"

static const char doc[] =
    "Serve a local Step Functions engine on 127.0.0.1 until a signal ends it. When it is ready it\n"
    "prints one line: listening on http://127.0.0.1:PORT. AWS SDKs and the AWS CLI use it with\n"
    "this address as their endpoint and any keys; every region is an engine of its own.\n"
    "\n"
    "  --port N                 listen on this port; otherwise on a free one\n"
    "  --data DIR               keep everything in DIR; otherwise in memory only\n"
    "  --handlers FILE          Lua file that returns the task handlers by function name\n"
    "  --buckets DIR            the folders in DIR are S3 buckets, their files the objects\n"
    "  --s3-endpoint URL        the buckets of this S3 service instead; otherwise\n"
    "                           AWS_ENDPOINT_URL_S3\n"
    "  --iam-endpoint URL       ask IAM there what the roles of Map Runs may do; otherwise\n"
    "                           AWS_ENDPOINT_URL_IAM; without either they may do everything\n"
    "  --iam-strict             a role that IAM does not have cannot be assumed; otherwise it may\n"
    "                           do everything\n"
    "  --max-open-executions N  more than N running executions are refused\n"
    "  --deny ACTION[,ACTION]   answer AccessDeniedException to these actions\n"
    "  --request-log FILE       append a line of JSON for each request before it is served\n"
    "  --lambda-endpoint URL    invoke functions that FILE does not have by Lambda's API there;\n"
    "                           otherwise AWS_ENDPOINT_URL_LAMBDA\n"
    "  --events-url URL         post each change of an execution's status there, as EventBridge\n"
    "  --check-signatures ID:SECRET   refuse requests that this key pair has not signed\n"
    "  --no-control             do not serve POST /_runbook/control: clock, faults, snapshot, "
    "reset\n";

static int read_number(int64_t *out, const char *option, const char *text, int64_t max,
		       struct err *err)
{
	cJSON *v = json_parse(bytes_str(text), NULL);
	bool ok = json_int_token(v, out) && *out >= 0 && *out <= max;
	cJSON_Delete(v);
	return ok ? 0
		  : err_set(err, ERR_INVALID, "--%s %.40s: expected a number from 0 to %" PRId64,
			    option, text, max);
}

static int take_option(struct local_spec *spec, int option, const char *word, struct err *err)
{
	int64_t n = 0;
	int rc = 0;
	switch (option) {
	case 'p':
		rc = read_number(&n, "port", optarg, UINT16_MAX, err);
		spec->port = (uint16_t)n;
		break;
	case 'm':
		rc = read_number(&spec->max_open_executions, "max-open-executions", optarg,
				 INT32_MAX, err);
		break;
	case 'd':
		spec->data = optarg;
		break;
	case 'H':
		spec->handlers = optarg;
		break;
	case 'b':
		spec->buckets = optarg;
		break;
	case 'S':
		spec->s3_endpoint = optarg;
		break;
	case 'I':
		spec->iam_endpoint = optarg;
		break;
	case 'R':
		spec->iam_strict = true;
		break;
	case 'n':
		spec->deny = optarg;
		break;
	case 'l':
		spec->request_log = optarg;
		break;
	case 'L':
		spec->lambda_endpoint = optarg;
		break;
	case 'e':
		spec->events_url = optarg;
		break;
	case 's':
		spec->signatures = optarg;
		break;
	case 'C':
		spec->control = false;
		break;
	default:
		rc = err_set(err, ERR_INVALID, "%s '%.60s'",
			     option == ':' ? "a value is missing after" : "unknown option", word);
	}
	return rc;
}

static int read_options(struct local_spec *spec, int argc, char **argv, struct err *err)
{
	static const struct option names[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "data", required_argument, NULL, 'd' },
		{ "handlers", required_argument, NULL, 'H' },
		{ "buckets", required_argument, NULL, 'b' },
		{ "s3-endpoint", required_argument, NULL, 'S' },
		{ "iam-endpoint", required_argument, NULL, 'I' },
		{ "iam-strict", no_argument, NULL, 'R' },
		{ "max-open-executions", required_argument, NULL, 'm' },
		{ "deny", required_argument, NULL, 'n' },
		{ "request-log", required_argument, NULL, 'l' },
		{ "lambda-endpoint", required_argument, NULL, 'L' },
		{ "events-url", required_argument, NULL, 'e' },
		{ "check-signatures", required_argument, NULL, 's' },
		{ "no-control", no_argument, NULL, 'C' },
		{ NULL, 0, NULL, 0 },
	};
	int option;
	optind = 0; /* start afresh: the program has read options before */
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", names, NULL)) != -1) {
		int rc = take_option(spec, option, argv[optind - 1], err);
		if (rc)
			return rc;
	}
	if (optind < argc)
		return err_set(err, ERR_INVALID, "unexpected argument '%.60s'", argv[optind]);
	return 0;
}

static int start(void *state, int argc, char **argv, struct err *err)
{
	struct local_command *c = state;
	struct local_spec spec = { .control = true };
	char url[LOCAL_URL_SIZE];
	int rc = read_options(&spec, argc, argv, err);
	if (!rc)
		rc = local_start(&c->local, url, c->api, &spec, err);
	if (rc)
		return rc;
	if (local_is_elsewhere(c->local)) {
		local_stop(c->local);
		c->local = NULL;
		return err_set(
		    err, ERR_INVALID,
		    "the data folder '%.200s' is already served on %s by another process",
		    spec.data, url);
	}
	if (printf("listening on %s\n", url) < 0 || fflush(stdout) != 0)
		c->api->log(c->api->host, LOG_WARN, "cannot write to standard output");
	return 0;
}

static void stop(void *state)
{
	struct local_command *c = state;
	if (c->local)
		local_stop(c->local);
	c->local = NULL;
}

int local_register(const struct host_api *api, struct local_command *state, struct err *err)
{
	static const struct command command = {
		.name = "local",
		.synopsis = "[--port N] [--data DIR] [--handlers FILE] [--buckets DIR] "
			    "[--s3-endpoint URL] [--iam-endpoint URL] [--iam-strict] "
			    "[--max-open-executions N] "
			    "[--deny ACTION[,ACTION]] [--request-log FILE] "
			    "[--lambda-endpoint URL] [--events-url URL] "
			    "[--check-signatures ID:SECRET] [--no-control]",
		.doc = doc,
		.start = start,
		.stop = stop,
	};
	state->api = api;
	return api->register_command(api->host, &command, state, err);
}

/* sns_vectors.h - certificates made for the tests, with names as SNS has them, and what they signed. */
#ifndef TESTS_SNS_VECTORS_H
#define TESTS_SNS_VECTORS_H

static const char sns_cert[] = "-----BEGIN CERTIFICATE-----\n"
			       "MIIC0zCCAbugAwIBAgIBATANBgkqhkiG9w0BAQsFADAcMRowGAYDVQQDDBFzbnMu\n"
			       "YW1hem9uYXdzLmNvbTAeFw0yNjAxMDEwMDAwMDBaFw0zNjAxMDEwMDAwMDBaMBwx\n"
			       "GjAYBgNVBAMMEXNucy5hbWF6b25hd3MuY29tMIIBIjANBgkqhkiG9w0BAQEFAAOC\n"
			       "AQ8AMIIBCgKCAQEAvz1spba5QMIHqv12OPRcCdUXEdCi3ffbluogS0qKkHRy10LG\n"
			       "rDmkRZlwgYuPhnWIJsXWreT70Cq/ll8068aljkUgnK1lYOL7WwafQIcMh1dnYUt7\n"
			       "RLqceC6H+znC0bZEiovLDvrc4ER/y5+nqwnCHZm0WaNvu6x92wMqhFYVlizyy0Zh\n"
			       "vfoF+ZnlvZy+WZC3/tJe9qf+0mUcoT4sPStBgfDN1SinuIqJm8EAJkFerbosnnrH\n"
			       "i1FfQJ/wc36pzhGKW/2hiEX0PyJarWsfo4naJcsAqesOwFxgNQMsB1mmMicgvzmh\n"
			       "KsYik/1/E21zQE+rhn+R8sWWQ5lfy4B+1ZhfSQIDAQABoyAwHjAcBgNVHREEFTAT\n"
			       "ghFzbnMuYW1hem9uYXdzLmNvbTANBgkqhkiG9w0BAQsFAAOCAQEAlJMLRoZCSi7p\n"
			       "1I24AJ1NG0D7d6IOsAwSUy+zxgMgEfyE8x0SNosvQrhYhzT0gqdO2pqpd4Uopp4Q\n"
			       "GOZNa1dfcKvttMVOzF8xz8aFMwWNke9euFh8nZGY1qRTnQhXdaA/+rteaTp5OWpY\n"
			       "Yn++clHG9ebrDlgtIXkHiz48rlff2MU8PR/KzMUZFpwnkU1OUP/mi723VYVo4BbW\n"
			       "zcsW1Vv54v5gNbHV55gvjNC7+4N4+04BmzH5PY6UNhZRQJdzP74LsPQVi/0hmLFO\n"
			       "r0zocNpmCADbaotVxQRdZk+aEPTtGf/BS+TcxJXKQuUgLSEu7uK60/0AkElhiZZ/\n"
			       "x6O2VpEVmw==\n"
			       "-----END CERTIFICATE-----\n";

static const char sns_cert_of_region[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIDMjCCAhqgAwIBAgIBATANBgkqhkiG9w0BAQsFADAxMS8wLQYDVQQDDCZzbnMt\n"
    "c2lnbmluZy5ldS1jZW50cmFsLTEuYW1hem9uYXdzLmNvbTAeFw0yNjAxMDEwMDAw\n"
    "MDBaFw0zNjAxMDEwMDAwMDBaMDExLzAtBgNVBAMMJnNucy1zaWduaW5nLmV1LWNl\n"
    "bnRyYWwtMS5hbWF6b25hd3MuY29tMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIB\n"
    "CgKCAQEAvz1spba5QMIHqv12OPRcCdUXEdCi3ffbluogS0qKkHRy10LGrDmkRZlw\n"
    "gYuPhnWIJsXWreT70Cq/ll8068aljkUgnK1lYOL7WwafQIcMh1dnYUt7RLqceC6H\n"
    "+znC0bZEiovLDvrc4ER/y5+nqwnCHZm0WaNvu6x92wMqhFYVlizyy0ZhvfoF+Znl\n"
    "vZy+WZC3/tJe9qf+0mUcoT4sPStBgfDN1SinuIqJm8EAJkFerbosnnrHi1FfQJ/w\n"
    "c36pzhGKW/2hiEX0PyJarWsfo4naJcsAqesOwFxgNQMsB1mmMicgvzmhKsYik/1/\n"
    "E21zQE+rhn+R8sWWQ5lfy4B+1ZhfSQIDAQABo1UwUzBRBgNVHREESjBIgiZzbnMt\n"
    "c2lnbmluZy5ldS1jZW50cmFsLTEuYW1hem9uYXdzLmNvbYIec25zLmV1LWNlbnRy\n"
    "YWwtMS5hbWF6b25hd3MuY29tMA0GCSqGSIb3DQEBCwUAA4IBAQCv6d0rSFJpMHXw\n"
    "UxLkkhDL6avzVQYcSNMWWj7DJw4Fs5KENjaPqVFbRk43JoWd5QHTN4sEdGaSaojD\n"
    "KVb0sdCAtQsGyo9DVVWX8AtsJJCyxRxEldO/S+AbZ2ktKw9I+IXT6G15Ua+GTqMt\n"
    "/1O4frYI3xElKN21cZuTA4FJNy8yXDBKrbzFDNv0wKV0uRmTskHyYPFExYH/vRH5\n"
    "oApxoJKy4jWOjz0HLAZIPkFLYFD07gDogcgmtoYl3HGD3diTk94GTyC4c0wqgWmp\n"
    "KWioMBblJvUMTu0JahVemH7xPYy7O71nbI+Nf4Rz2gKdvqSguxa9XyGKy2zkLvVN\n"
    "wxTZFk42\n"
    "-----END CERTIFICATE-----\n";

static const char sns_cert_of_others[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIC8DCCAdigAwIBAgIBATANBgkqhkiG9w0BAQsFADAcMRowGAYDVQQDDBFzbnMu\n"
    "YW1hem9uYXdzLmNvbTAeFw0yNjAxMDEwMDAwMDBaFw0zNjAxMDEwMDAwMDBaMBwx\n"
    "GjAYBgNVBAMMEXNucy5hbWF6b25hd3MuY29tMIIBIjANBgkqhkiG9w0BAQEFAAOC\n"
    "AQ8AMIIBCgKCAQEAvz1spba5QMIHqv12OPRcCdUXEdCi3ffbluogS0qKkHRy10LG\n"
    "rDmkRZlwgYuPhnWIJsXWreT70Cq/ll8068aljkUgnK1lYOL7WwafQIcMh1dnYUt7\n"
    "RLqceC6H+znC0bZEiovLDvrc4ER/y5+nqwnCHZm0WaNvu6x92wMqhFYVlizyy0Zh\n"
    "vfoF+ZnlvZy+WZC3/tJe9qf+0mUcoT4sPStBgfDN1SinuIqJm8EAJkFerbosnnrH\n"
    "i1FfQJ/wc36pzhGKW/2hiEX0PyJarWsfo4naJcsAqesOwFxgNQMsB1mmMicgvzmh\n"
    "KsYik/1/E21zQE+rhn+R8sWWQ5lfy4B+1ZhfSQIDAQABoz0wOzA5BgNVHREEMjAw\n"
    "gh1zbnMuYW1hem9uYXdzLmNvbS5leGFtcGxlLm9yZ4IPKi5hbWF6b25hd3MuY29t\n"
    "MA0GCSqGSIb3DQEBCwUAA4IBAQCVmvxe47GPoXJ7pmzwYbQeO4PIh0gr+1oIafqi\n"
    "5x7cT8wWIL8p6ZfOqpsbEOlVT6YXtUs1AcNP89wfKPrT4fwgstMQ38Q6K4wGIkDQ\n"
    "EvfZozGMJnHtjNK50tQfImXcx1tciTVd5y9LCsx1PZj66rxaMqskVILtZC+CxKHA\n"
    "zXG6S7pF0uplab2kRpXhuO5dSMqlGl20B93+3hTRFwsFWsynxl1GdlSxQxot8ReF\n"
    "ON76imONTMdrPsRTKubmXDSdu1FwfIQOCYuhZGpSANSvKvyVAXe7kZIqrKCnwG/K\n"
    "j2TCMEKOYNHKB8XQlzUvg3n1U23A0hDPy+59WiCXxxOOvmZZ\n"
    "-----END CERTIFICATE-----\n";

static const char sns_cert_old[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIICsTCCAZmgAwIBAgIBATANBgkqhkiG9w0BAQsFADAcMRowGAYDVQQDDBFzbnMu\n"
    "YW1hem9uYXdzLmNvbTAeFw0yMDAxMDEwMDAwMDBaFw0yMTAxMDEwMDAwMDBaMBwx\n"
    "GjAYBgNVBAMMEXNucy5hbWF6b25hd3MuY29tMIIBIjANBgkqhkiG9w0BAQEFAAOC\n"
    "AQ8AMIIBCgKCAQEAvz1spba5QMIHqv12OPRcCdUXEdCi3ffbluogS0qKkHRy10LG\n"
    "rDmkRZlwgYuPhnWIJsXWreT70Cq/ll8068aljkUgnK1lYOL7WwafQIcMh1dnYUt7\n"
    "RLqceC6H+znC0bZEiovLDvrc4ER/y5+nqwnCHZm0WaNvu6x92wMqhFYVlizyy0Zh\n"
    "vfoF+ZnlvZy+WZC3/tJe9qf+0mUcoT4sPStBgfDN1SinuIqJm8EAJkFerbosnnrH\n"
    "i1FfQJ/wc36pzhGKW/2hiEX0PyJarWsfo4naJcsAqesOwFxgNQMsB1mmMicgvzmh\n"
    "KsYik/1/E21zQE+rhn+R8sWWQ5lfy4B+1ZhfSQIDAQABMA0GCSqGSIb3DQEBCwUA\n"
    "A4IBAQBqu+zRrm+avKLUEe5gA9lphCGkNqEIyvwYUsNHgA8tt971NNjsDIJqgqwc\n"
    "Vvq7lGTn4WFhOuria/TgbC4pGmcZeK5sTdBTmhQorohhGhs5CZZfDYIeoePk7Jo9\n"
    "TgFeNxScCUyC01nKmbvEOjR1uhY8mU0yZSQCw6YE/8u7QyUgUdeKgnNff/2K1eM4\n"
    "t84WVpewTx+dkj/uxLl9J2ut6ISxb04XR3Fy2zQMQrtGSMr0ocVYNEA+BRvLFNQn\n"
    "5IP+vOCYk2y2PDqGrmqhdvwUaKegq4izoMgy2J2d7t7O48SkPo37XfeCSpPBZlia\n"
    "NeItD+Fg+Ns5/sfqW9C4M5Mng8Ow\n"
    "-----END CERTIFICATE-----\n";

static const char sns_cert_weak[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBzjCCATegAwIBAgIBATANBgkqhkiG9w0BAQsFADAcMRowGAYDVQQDDBFzbnMu\n"
    "YW1hem9uYXdzLmNvbTAeFw0yNjAxMDEwMDAwMDBaFw0zNjAxMDEwMDAwMDBaMBwx\n"
    "GjAYBgNVBAMMEXNucy5hbWF6b25hd3MuY29tMIGfMA0GCSqGSIb3DQEBAQUAA4GN\n"
    "ADCBiQKBgQC8m2pVpvGCULMGkciYP+8UqlMSZ4rPbmpC/CfTWs+5xYdutq8t+VD/\n"
    "f1wzCMyitL8kDEOLM6jVtl+nTiZyBc1K2JusDYhcxxEMpsXyf4S3t8Qo3XaaQhoC\n"
    "kGJJ1+96EKxQ6jgW5y/416RuxRgx3UBdC3iENfShOHudKmaiWtPg3wIDAQABoyAw\n"
    "HjAcBgNVHREEFTATghFzbnMuYW1hem9uYXdzLmNvbTANBgkqhkiG9w0BAQsFAAOB\n"
    "gQCh1gnUfEFNltIBg6nE6L51gmowOdk63D5v0vP30cj3LPEMmf1Kw/bCUHs2eVzH\n"
    "nkK7BUelKUOIVsRXQyDbsw1NtGnEqWncO082WUi9MfBjUgxij2SX07Qp0fpfWoXt\n"
    "ev4UdiPEDNOQg1ml/m3v1qSbJA+HgDPqUJMiCxQ83Lt9Sw==\n"
    "-----END CERTIFICATE-----\n";

#define SNS_SIGNED_1 \
	"Az7Mf1qm154cdY00tCqvYQk2JVudY2G5UDLIp6d/S3hc6Hr/P8mSz1kLMOJA6XDJb5Acgd4p3VGy0WwE" \
	"B0IFDA21M+jVlpoFEOK+FzeNxalp5AnOmTWnUkvy0guGiipSBHDgJQLu44mtGceOueOE9bXX0+9xRWyI" \
	"q09+ztq4lafRD5KfjqgbTlcBKLzpEQhjn/IdOV7pOA2wxDOa73hEhFdq1o2tHUkaVvAq4hRKu7HZMJ+5" \
	"d/qCpzs3XHqjySufSOGIgbAoaT0Fq+ZRroHXLsds/hmzytrFrlffZlVvAnHPfq2AsF/XHQqhj79Ie2ZY" \
	"hmrIoB3YX03CNYVp15cwig=="

#define SNS_SIGNED_2 \
	"Z0ouDQsLwjXl+t5q9vsMdPc1e9sxKhBdf+PppW5fAKiaQN8cMxc0BBAIH5DxwxVyXH2pmOS0xiF57FuU" \
	"s7PBZeGJ78aP+ylI7HefKDiNGK7e9iAe4l7dLYOVycOgixynz4HCMDA2YAgNQ2wSSX45RYVO9nQzrXqq" \
	"HlzhVGWIF/NN1kw6SQ0T60zKJ9pS8Cj7Im529wC3OR31KHY5NM8S68IDs8cQA0noEo4MTZnWQ/OFKx3L" \
	"9x+0CHidKa2qitWjq7oK/R5mOQaPaWcO022kj/auGBLWvjJWNWqY9KP8XRMICRgFT/l7sPZkBenWRx0R" \
	"aN9OV3DEBwYj9zxmYrpdcA=="

#define SNS_PLAIN_2 \
	"adt+kBnIFEid0s3M9ZNL+LIn6p+5miqbAjtVB5LEOyN/aWFbViCt9sCTqxukujhE5uzs1qmnONP6OKeG" \
	"YeDYXVsC7i7KETA6mD8tKM0CPOGCIFlPXKnwQpLMvzuFaAGbFV8lqNyHWZETmZhr/KNU2jrry+6/7IEd" \
	"au1ZxIU+g8p3RCl1Bf6sUFdJVhuCG7xHR4vkZowFnTFYVtWwiepQTXUySjTdVJwEJvN1f9T1fVHcteeC" \
	"wroUQfSXrUlgu4OXEdcKreTosR6e/LI+bcXnme8E3m3WA4YL1/oI7NqEzjESIw7IhOy3cBPGTLuCD2g7" \
	"8oRt5vPEyLoPT3kxll5qSA=="

#define SNS_SUBSCRIBE_1 \
	"Bii0KtVhDG8GnU1RFy5grlYdbTt9uDZT7uO2NMdoaKGsXCjk2KDjj7fSJYQJ/yUZKXsqqBDKPz56VYrt" \
	"ErzgNYOBccw4i1xRLV3Prj3JkADUWeuUZUMeP5PLxOvJRpFHsnjdUArrRo6ltFBd2VXlXg+NWvNAezRK" \
	"YLbX8+BFYMMYQHYUcEEYAkkwRzswpLMmGY8WuN54qfRybdMMwNPqNwCqfbIs+aHCfyEEb3ZGtZ9kVuQX" \
	"B/ujKPHaxMT+oQ2FdGZS5L42EdHvFpRDy0eorp9RjFofINUyO0IkwszDH3f+KdXKY3713vEeXzH45hIa" \
	"UynzM2L59TyrjPxchgE4hg=="

#define SNS_UNSUBSCRIBE_2 \
	"Zf94U+e6MCn9+1m0Zen96QJw5+WfcmECB1T3RM3utjcddXOdopkaiN3aCqxs2PH6nNRLNxpRIXaenKPF" \
	"tDJBuOKivQiOqLMzXG8CM5F0uoNoKXK0WUv4JtlY44rhe6MrCYUTb+bmznAnbqRYvTedXSuqFcEqYxB4" \
	"qsANDVTsiqLZgIcCuFpy77kzy+3wJVKSFsDQhH/t8bzGgVu7MP1xV3T2uOrWsDLb+hHkGstEP0RgFsPA" \
	"vUz7ySh1hQTYYI5008yiVWHxGC3At3/O0xKzX4wz35cGVlClRFUMW9ZfXDMy3fXHOvggIln941IdCF5Z" \
	"HwnojBMZ6zDPkKXYNEdM7A=="

#define SNS_WEAK_2 \
	"kQsFj4S3TPjyoI4PzGTozWhfxghlpUsX2Lg1nQDpVC4y7LyvjPvsbUlcVICn196Z1zbQkFFho0uaNmKz" \
	"bwzsflJ0Gs9XoyYosIkk9S7wWUjnRtnzUVh85Rpa3v78sV4drRCjSzvwsc+3Lwiy2iSiaHmwa0SOvJDS" \
	"HaoMCc2Dmzc="

#endif

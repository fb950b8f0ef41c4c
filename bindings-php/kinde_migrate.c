/*
 * kinde_migrate for PHP: turns arrays into the handles of libkinde_migrate, and outcomes into objects.
 * It decides nothing, and builds nothing before the first Migrator: FPM's master runs MINIT, then forks.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "php.h"
#include "php_ini.h"
#include "main/php_syslog.h"
#include "ext/json/php_json.h"
#include "ext/spl/spl_exceptions.h"
#include "ext/standard/info.h"
#include "zend_attributes.h"
#include "zend_exceptions.h"

#include <kinde_migrate.h>

#include "php_kinde_migrate.h"

/* ---- the library --------------------------------------------------------------------------------- */

/*
 * Every function of the library's that is called here, but for kinde_version(), which each library has. They are
 * weak: one that the installed library lacks is NULL and found when the extension is loaded, and not by the first
 * login that needs it.
 */
#define FUNCTIONS(each) \
	each(kinde_code_name) \
	each(kinde_credential_free) \
	each(kinde_credential_new) \
	each(kinde_credential_set) \
	each(kinde_error_advice) \
	each(kinde_error_code) \
	each(kinde_error_format) \
	each(kinde_error_free) \
	each(kinde_error_message) \
	each(kinde_error_reason) \
	each(kinde_explain_hash) \
	each(kinde_explanation_free) \
	each(kinde_explanation_json) \
	each(kinde_migrator_change_password) \
	each(kinde_migrator_drain) \
	each(kinde_migrator_free) \
	each(kinde_migrator_migrate) \
	each(kinde_migrator_notice) \
	each(kinde_migrator_persistent) \
	each(kinde_migrator_request_reset) \
	each(kinde_migrator_status_json) \
	each(kinde_outcome_calls) \
	each(kinde_outcome_durable) \
	each(kinde_outcome_free) \
	each(kinde_outcome_kinde_id) \
	each(kinde_outcome_message) \
	each(kinde_outcome_notice_code) \
	each(kinde_outcome_notice_count) \
	each(kinde_outcome_notice_field) \
	each(kinde_outcome_reason) \
	each(kinde_outcome_status) \
	each(kinde_require_importable) \
	each(kinde_settings_free) \
	each(kinde_settings_new) \
	each(kinde_settings_set) \
	each(kinde_settings_set_default) \
	each(kinde_status_json_free) \
	each(kinde_status_json_text) \
	each(kinde_status_name) \
	each(kinde_user_free) \
	each(kinde_user_new) \
	each(kinde_user_set)

#define WEAK(name) extern __typeof__(name) name __attribute__((weak));
FUNCTIONS(WEAK)

/* The first function that the library lacks, or NULL. */
static const char *lacking(void)
{
#define FIND(name) if (!name) { return #name; }
	FUNCTIONS(FIND)
	return NULL;
}

/* Whether the library is as new as the header that this was compiled with; else the log says so. */
static bool library_fits(void)
{
	const char *found = kinde_version(), *lacks = lacking();
	int major = 0, minor = 0, patch = 0;
	bool is_known = sscanf(found, "%d.%d.%d", &major, &minor, &patch) == 3;
	bool is_older = !is_known || major < KINDE_MIGRATE_VERSION_MAJOR
		|| (major == KINDE_MIGRATE_VERSION_MAJOR && (minor < KINDE_MIGRATE_VERSION_MINOR
			|| (minor == KINDE_MIGRATE_VERSION_MINOR && patch < KINDE_MIGRATE_VERSION_PATCH)));

	if (!is_older && !lacks) {
		return true;
	}
	zend_error(E_CORE_WARNING,
		"kinde_migrate is not loaded: the installed libkinde_migrate is version %s%s%s, and this extension was compiled for %s; "
		"install libkinde_migrate %s or later, or compile the extension anew",
		found, lacks ? " and has no " : "", lacks ? lacks : "", KINDE_MIGRATE_VERSION, KINDE_MIGRATE_VERSION);
	return false;
}

#if PHP_VERSION_ID < 80200
/* #[\SensitiveParameter] came with 8.2; below, WITHOUT_ARGUMENTS keeps our own traces free of secrets. */
#define zend_add_parameter_attribute(function, offset, name, count) ((void) 0)
#define WITHOUT_ARGUMENTS(statement) do { \
		bool ignored = EG(exception_ignore_args); \
		EG(exception_ignore_args) = true; \
		statement; \
		EG(exception_ignore_args) = ignored; \
	} while (0)
#else
#define WITHOUT_ARGUMENTS(statement) statement
#endif

/* What it generates takes a module's number, which only constants would need. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "kinde_migrate_arginfo.h"
#pragma GCC diagnostic pop

/* ---- settings in php.ini ------------------------------------------------------------------------ */

/* phpinfo() pages are left open on the web. */
static ZEND_INI_DISP(show_not)
{
	zend_string *value = type == ZEND_INI_DISPLAY_ORIG && ini_entry->modified ? ini_entry->orig_value : ini_entry->value;
	const char *shown = value && ZSTR_LEN(value) ? "set, not shown" : "no value";
	php_write((void *) shown, strlen(shown));
}

#define SETTING(name) PHP_INI_ENTRY("kinde_migrate." name, NULL, PHP_INI_SYSTEM | PHP_INI_PERDIR, NULL)
#define SECRET(name) PHP_INI_ENTRY_EX("kinde_migrate." name, NULL, PHP_INI_SYSTEM | PHP_INI_PERDIR, NULL, show_not)

/* The names of the core's settings; tests/ini.phpt fails if one is missing. */
PHP_INI_BEGIN()
	SETTING("domain")
	SETTING("client_id")
	SECRET("client_secret")
	SECRET("previous_client_secret")
	SETTING("audience")
	SETTING("ledger")
	SETTING("share_token")
	SETTING("deadline")
	SETTING("max_calls_per_minute")
	SETTING("max_in_flight")
	SETTING("use_at_most")
	SETTING("on_existing")
	SETTING("require_verified_email")
	SETTING("require_provided_id")
	SETTING("drain_in_background")
	SETTING("send_plaintext")
	SETTING("bcrypt_cost")
	SETTING("verify_mapping")
	SETTING("allow_guesses")
	SECRET("proxy")
PHP_INI_END()

#define INI_PREFIX_LENGTH (sizeof("kinde_migrate.") - 1)

/* ---- exceptions --------------------------------------------------------------------------------- */

static zend_class_entry *exception_ce, *not_importable_ce, *outcome_ce, *migrator_ce;

static zend_object *throw_as(zend_class_entry *ce, kinde_code code, const char *message)
{
	zend_object *exception;
	WITHOUT_ARGUMENTS(exception = zend_throw_exception(ce, message, code));
	zend_update_property_string(exception_ce, exception, ZEND_STRL("errorCode"), kinde_code_name(code));
	return exception;
}

static void throw_code(kinde_code code, const char *message)
{
	throw_as(exception_ce, code, message);
}

/* A stored hash that cannot be carried over. */
static void throw_not_importable(const kinde_error *error)
{
	const char *format = kinde_error_format(error);
	zend_object *exception = throw_as(not_importable_ce, kinde_error_code(error), kinde_error_message(error));

	if (format) {
		zend_update_property_string(not_importable_ce, exception, ZEND_STRL("format"), format);
	} else {
		zend_update_property_null(not_importable_ce, exception, ZEND_STRL("format"));
	}
	zend_update_property_string(not_importable_ce, exception, ZEND_STRL("reason"), kinde_error_reason(error));
	zend_update_property_string(not_importable_ce, exception, ZEND_STRL("advice"), kinde_error_advice(error));
}

static void throw_error(kinde_error *error)
{
	if (kinde_error_reason(error)) {
		throw_not_importable(error);
	} else {
		/* Without an error there was not even the memory for one. */
		throw_code(error ? kinde_error_code(error) : KINDE_INTERNAL, error ? kinde_error_message(error) : "out of memory");
	}
	kinde_error_free(error);
}

/* ---- arrays to handles -------------------------------------------------------------------------- */

typedef kinde_code (*setter)(void *target, const char *name, const char *value, size_t length, kinde_error **error);

static kinde_code set_setting(void *target, const char *name, const char *value, size_t length, kinde_error **error)
{
	return kinde_settings_set(target, name, value, length, error);
}

static kinde_code set_user(void *target, const char *name, const char *value, size_t length, kinde_error **error)
{
	return kinde_user_set(target, name, value, length, error);
}

static kinde_code set_credential(void *target, const char *name, const char *value, size_t length, kinde_error **error)
{
	return kinde_credential_set(target, name, value, length, error);
}

static const char *noun(setter set)
{
	return set == set_setting ? "a setting" : set == set_user ? "a user's field" : "a credential's field";
}

/* The largest whole number up to which every other one is a double, too. */
#define EXACT 9007199254740992.0

/*
 * A value as text, or NULL for a type that has none. `false` is what PHP's functions return for
 * "nothing": it must not become somebody's password, so booleans are taken only where they mean themselves.
 * A double is a number of seconds or a share in a setting; elsewhere it stands for a whole number, or for
 * one that it cannot hold.
 */
static zend_string *text_of(zval *value, bool is_setting, bool may_be_boolean)
{
	switch (Z_TYPE_P(value)) {
		case IS_DOUBLE:
			if (!is_setting) {
				double number = Z_DVAL_P(value);
				bool exact = number == trunc(number) && number > -EXACT && number < EXACT;
				return exact ? zend_long_to_str((zend_long) number) : NULL;
			}
			return zval_try_get_string(value);
		case IS_STRING:
		case IS_LONG:
		case IS_OBJECT:
			return zval_try_get_string(value);
		case IS_TRUE:
			return may_be_boolean ? zend_string_init(ZEND_STRL("true"), false) : NULL;
		case IS_FALSE:
			return may_be_boolean ? zend_string_init(ZEND_STRL("false"), false) : NULL;
		default:
			return NULL;
	}
}

/* Not explicit_bzero(): an extension that was built where there is one would not load where there is none. */
static void wipe(char *text, size_t length)
{
	volatile char *at = text;
	while (length--) {
		*at++ = 0;
	}
}

/* A text that only we hold was made for us (__toString) and may be a secret. */
static void release_text(zend_string *text)
{
	if (!ZSTR_IS_INTERNED(text) && GC_REFCOUNT(text) == 1) {
		wipe(ZSTR_VAL(text), ZSTR_LEN(text));
	}
	zend_string_release(text);
}

/* Hands every member of an array to a setter; `prefix` is "extra." inside of `extra`. */
static bool fill(HashTable *values, const char *prefix, setter set, void *target)
{
	zend_string *key;
	zval *value;

	ZEND_HASH_FOREACH_STR_KEY_VAL(values, key, value) {
		char name[128], message[256];
		kinde_error *error = NULL;
		zend_string *text;

		if (key == NULL || strlen(ZSTR_VAL(key)) != ZSTR_LEN(key)) {
			snprintf(message, sizeof(message), "the name of %s is a text without NUL bytes", noun(set));
			throw_code(KINDE_ARGUMENT_TYPE, message);
			return false;
		}
		/* Cut names stay unknown names: no known one is that long. */
		snprintf(name, sizeof(name), "%s%s", prefix, ZSTR_VAL(key));
		ZVAL_DEREF(value);
		if (Z_TYPE_P(value) == IS_NULL) {
			continue;
		}
		if (Z_TYPE_P(value) == IS_ARRAY && set == set_credential && !*prefix && zend_string_equals_literal(key, "extra")) {
			if (!fill(Z_ARRVAL_P(value), "extra.", set, target)) {
				return false;
			}
			continue;
		}
		text = text_of(value, set == set_setting,
			set == set_setting || (set == set_user && zend_string_equals_literal(key, "email_verified")));
		if (text == NULL) {
			if (!EG(exception) && Z_TYPE_P(value) == IS_DOUBLE) {
				snprintf(message, sizeof(message), "%s, %.40s, is a float that no whole number can be told from; give it as a string", noun(set), name);
				throw_code(KINDE_ARGUMENT_TYPE, message);
			} else if (!EG(exception)) {
				snprintf(message, sizeof(message), "%s, %.40s, is to be a text, not %s", noun(set), name, zend_zval_type_name(value));
				throw_code(KINDE_ARGUMENT_TYPE, message);
			}
			return false;
		}
		if (set(target, name, ZSTR_VAL(text), ZSTR_LEN(text), &error) != KINDE_OK) {
			throw_error(error);
		}
		release_text(text);
		if (EG(exception)) {
			return false;
		}
	} ZEND_HASH_FOREACH_END();
	return true;
}

/* ---- objects ------------------------------------------------------------------------------------ */

typedef struct {
	kinde_migrator *handle;
	zend_object std;
} migrator_object;

static zend_object_handlers migrator_handlers;

static migrator_object *migrator_of(zend_object *object)
{
	return (migrator_object *) ((char *) object - XtOffsetOf(migrator_object, std));
}

static zend_object *migrator_create(zend_class_entry *ce)
{
	migrator_object *migrator = zend_object_alloc(sizeof(migrator_object), ce);
	zend_object_std_init(&migrator->std, ce);
	object_properties_init(&migrator->std, ce);
	migrator->std.handlers = &migrator_handlers;
	return &migrator->std;
}

static void migrator_free(zend_object *object)
{
	kinde_migrator_free(migrator_of(object)->handle);
	zend_object_std_dtor(object);
}

/* To the log and not as an E_WARNING: an error handler may throw, and this runs in a login. */
static void log_notices(const kinde_migrator *handle)
{
	kinde_error *notice;

	while (kinde_migrator_notice(handle, &notice)) {
		char *line;
		spprintf(&line, 0, "kinde_migrate: %s [%s]", kinde_error_message(notice), kinde_code_name(kinde_error_code(notice)));
		php_log_err_with_severity(line, LOG_WARNING);
		efree(line);
		kinde_error_free(notice);
	}
}

/* The migrator of these settings lives as long as the process: the object only holds a reference. */
static void migrator_open(zend_object *object, const kinde_settings *settings)
{
	kinde_migrator *handle = NULL;
	kinde_error *error = NULL;

	if (kinde_migrator_persistent(settings, &handle, &error) != KINDE_OK) {
		throw_error(error);
		return;
	}
	kinde_migrator_free(migrator_of(object)->handle);
	migrator_of(object)->handle = handle;
	/* Asked at once, so that the library knows who tells, and leaves standard error alone. */
	log_notices(handle);
}

static kinde_migrator *handle_of(zval *this)
{
	kinde_migrator *handle = migrator_of(Z_OBJ_P(this))->handle;
	if (handle == NULL) {
		throw_code(KINDE_ARGUMENT_MISSING, "this Migrator was made without its constructor");
	}
	return handle;
}

static void text_or_null(zval *property, const char *text)
{
	if (text) {
		ZVAL_STRING(property, text);
	} else {
		ZVAL_NULL(property);
	}
}

static void notices_of(zval *property, const kinde_outcome *outcome)
{
	size_t i, count = kinde_outcome_notice_count(outcome);

	array_init(property);
	for (i = 0; i < count; i++) {
		zval notice;

		array_init_size(&notice, 2);
		add_assoc_string(&notice, "code", kinde_code_name(kinde_outcome_notice_code(outcome, i)));
		add_assoc_string(&notice, "field", kinde_outcome_notice_field(outcome, i));
		add_next_index_zval(property, &notice);
	}
}

/* The properties in the order of the stub. */
static void outcome_from(zval *return_value, const kinde_outcome *outcome)
{
	const char *status = kinde_status_name(kinde_outcome_status(outcome));
	kinde_code reason = kinde_outcome_reason(outcome);
	const char *reason_name = reason == KINDE_OK ? NULL : kinde_code_name(reason);
	zend_object *object;

	object_init_ex(return_value, outcome_ce);
	object = Z_OBJ_P(return_value);
	ZVAL_STRING(OBJ_PROP_NUM(object, 0), status);
	text_or_null(OBJ_PROP_NUM(object, 1), kinde_outcome_kinde_id(outcome, NULL));
	ZVAL_LONG(OBJ_PROP_NUM(object, 2), kinde_outcome_calls(outcome));
	text_or_null(OBJ_PROP_NUM(object, 3), reason_name);
	text_or_null(OBJ_PROP_NUM(object, 4), kinde_outcome_message(outcome));
	ZVAL_BOOL(OBJ_PROP_NUM(object, 5), kinde_outcome_durable(outcome));
	notices_of(OBJ_PROP_NUM(object, 6), outcome);
}

typedef kinde_code (*verb)(const kinde_migrator *, const kinde_user *, const kinde_credential *, kinde_outcome **, kinde_error **);

static kinde_code request_reset(const kinde_migrator *handle, const kinde_user *user, const kinde_credential *none, kinde_outcome **out, kinde_error **error)
{
	(void) none;
	return kinde_migrator_request_reset(handle, user, out, error);
}

static void run(zval *return_value, zval *this, verb call, HashTable *user_values, HashTable *credential_values)
{
	kinde_migrator *handle = handle_of(this);
	kinde_user *user;
	kinde_credential *credential;

	if (handle == NULL) {
		return;
	}
	user = kinde_user_new();
	credential = credential_values ? kinde_credential_new() : NULL;
	if (fill(user_values, "", set_user, user)
			&& (credential == NULL || fill(credential_values, "", set_credential, credential))) {
		kinde_outcome *outcome = NULL;
		kinde_error *error = NULL;

		if (call(handle, user, credential, &outcome, &error) == KINDE_OK) {
			outcome_from(return_value, outcome);
			kinde_outcome_free(outcome);
		} else {
			throw_error(error);
		}
		log_notices(handle);
	}
	kinde_credential_free(credential);
	kinde_user_free(user);
}

/* ---- functions ---------------------------------------------------------------------------------- */

typedef kinde_code (*explainer)(const kinde_credential *, const char *, kinde_explanation **, kinde_error **);

static void explain(INTERNAL_FUNCTION_PARAMETERS, explainer call)
{
	zend_string *stored, *format = NULL, *allow_guesses = NULL;
	HashTable *extra = NULL;
	kinde_credential *credential;

	ZEND_PARSE_PARAMETERS_START(1, 4)
		Z_PARAM_STR(stored)
		Z_PARAM_OPTIONAL
		Z_PARAM_STR_OR_NULL(format)
		Z_PARAM_ARRAY_HT(extra)
		Z_PARAM_PATH_STR_OR_NULL(allow_guesses)
	ZEND_PARSE_PARAMETERS_END();
	credential = kinde_credential_new();
	kinde_credential_set(credential, "hash", ZSTR_VAL(stored), ZSTR_LEN(stored), NULL);
	if (format) {
		kinde_credential_set(credential, "format", ZSTR_VAL(format), ZSTR_LEN(format), NULL);
	}
	if (extra == NULL || fill(extra, "extra.", set_credential, credential)) {
		kinde_explanation *explanation = NULL;
		kinde_error *error = NULL;

		if (call(credential, allow_guesses ? ZSTR_VAL(allow_guesses) : NULL, &explanation, &error) == KINDE_OK) {
			size_t length;
			const char *json = kinde_explanation_json(explanation, &length);
			php_json_decode_ex(return_value, json, length, PHP_JSON_OBJECT_AS_ARRAY, PHP_JSON_PARSER_DEFAULT_DEPTH);
			kinde_explanation_free(explanation);
		} else {
			throw_error(error);
		}
	}
	kinde_credential_free(credential);
}

ZEND_FUNCTION(KindeMigrate_explain_hash)
{
	explain(INTERNAL_FUNCTION_PARAM_PASSTHRU, kinde_explain_hash);
}

ZEND_FUNCTION(KindeMigrate_require_importable)
{
	explain(INTERNAL_FUNCTION_PARAM_PASSTHRU, kinde_require_importable);
}

/* ---- methods ------------------------------------------------------------------------------------ */

ZEND_METHOD(KindeMigrate_Exception, getErrorCode)
{
	zval unused, *code;

	ZEND_PARSE_PARAMETERS_NONE();
	code = zend_read_property(exception_ce, Z_OBJ_P(ZEND_THIS), ZEND_STRL("errorCode"), false, &unused);
	RETURN_COPY_DEREF(code);
}

/* Private: outcomes come from the verbs. */
ZEND_METHOD(KindeMigrate_Outcome, __construct)
{
	ZEND_PARSE_PARAMETERS_NONE();
}

/* With settings of the application's, then the environment's, then php.ini's. */
static void migrator_construct(zend_object *object, HashTable *values)
{
	kinde_settings *settings = kinde_settings_new();
	const zend_ini_entry_def *entry;

	for (entry = ini_entries; entry->name && !EG(exception); entry++) {
		const char *value = zend_ini_string(entry->name, entry->name_length, false);
		kinde_error *error = NULL;

		if (value && kinde_settings_set_default(settings, entry->name + INI_PREFIX_LENGTH, value, strlen(value), &error) != KINDE_OK) {
			throw_error(error);
		}
	}
	if (!EG(exception) && (values == NULL || fill(values, "", set_setting, settings))) {
		migrator_open(object, settings);
	}
	kinde_settings_free(settings);
}

ZEND_METHOD(KindeMigrate_Migrator, __construct)
{
	HashTable *values = NULL;

	ZEND_PARSE_PARAMETERS_START(0, 1)
		Z_PARAM_OPTIONAL
		Z_PARAM_ARRAY_HT(values)
	ZEND_PARSE_PARAMETERS_END();
	migrator_construct(Z_OBJ_P(ZEND_THIS), values);
}

ZEND_METHOD(KindeMigrate_Migrator, fromEnv)
{
	ZEND_PARSE_PARAMETERS_NONE();
	object_init_ex(return_value, migrator_ce);
	migrator_construct(Z_OBJ_P(return_value), NULL);
}

ZEND_METHOD(KindeMigrate_Migrator, migrate)
{
	HashTable *user, *credential = NULL;

	ZEND_PARSE_PARAMETERS_START(1, 2)
		Z_PARAM_ARRAY_HT(user)
		Z_PARAM_OPTIONAL
		Z_PARAM_ARRAY_HT_OR_NULL(credential)
	ZEND_PARSE_PARAMETERS_END();
	run(return_value, ZEND_THIS, kinde_migrator_migrate, user, credential);
}

ZEND_METHOD(KindeMigrate_Migrator, changePassword)
{
	HashTable *user, *credential;

	ZEND_PARSE_PARAMETERS_START(2, 2)
		Z_PARAM_ARRAY_HT(user)
		Z_PARAM_ARRAY_HT_OR_NULL(credential)
	ZEND_PARSE_PARAMETERS_END();
	run(return_value, ZEND_THIS, kinde_migrator_change_password, user, credential);
}

ZEND_METHOD(KindeMigrate_Migrator, requestReset)
{
	HashTable *user;

	ZEND_PARSE_PARAMETERS_START(1, 1)
		Z_PARAM_ARRAY_HT(user)
	ZEND_PARSE_PARAMETERS_END();
	run(return_value, ZEND_THIS, request_reset, user, NULL);
}

ZEND_METHOD(KindeMigrate_Migrator, drain)
{
	zend_long max = 100;
	double deadline = 5.0;
	kinde_migrator *handle;
	kinde_drained drained = KINDE_DRAINED_INIT;
	kinde_error *error = NULL;

	ZEND_PARSE_PARAMETERS_START(0, 2)
		Z_PARAM_OPTIONAL
		Z_PARAM_LONG(max)
		Z_PARAM_DOUBLE(deadline)
	ZEND_PARSE_PARAMETERS_END();
	if (max < 0 || max > INT32_MAX) {
		zend_argument_value_error(1, "must be between 0 and %d", INT32_MAX);
		RETURN_THROWS();
	}
	if (!(deadline >= 0 && deadline <= 86400)) {
		zend_argument_value_error(2, "must be a number of seconds between 0 and 86400");
		RETURN_THROWS();
	}
	if ((handle = handle_of(ZEND_THIS)) == NULL) {
		RETURN_THROWS();
	}
	if (kinde_migrator_drain(handle, (uint32_t) max, deadline, &drained, &error) == KINDE_OK) {
		array_init_size(return_value, 3);
		add_assoc_long(return_value, "delivered", (zend_long) drained.delivered);
		add_assoc_long(return_value, "dropped", (zend_long) drained.dropped);
		add_assoc_long(return_value, "left", (zend_long) drained.left);
	} else {
		throw_error(error);
	}
	log_notices(handle);
}

ZEND_METHOD(KindeMigrate_Migrator, status)
{
	kinde_migrator *handle;
	kinde_status_json *status = NULL;
	kinde_error *error = NULL;

	ZEND_PARSE_PARAMETERS_NONE();
	if ((handle = handle_of(ZEND_THIS)) == NULL) {
		RETURN_THROWS();
	}
	if (kinde_migrator_status_json(handle, &status, &error) == KINDE_OK) {
		size_t length;
		const char *json = kinde_status_json_text(status, &length);
		php_json_decode_ex(return_value, json, length, PHP_JSON_OBJECT_AS_ARRAY, PHP_JSON_PARSER_DEFAULT_DEPTH);
		kinde_status_json_free(status);
	} else {
		throw_error(error);
	}
	log_notices(handle);
}

/* ---- module ------------------------------------------------------------------------------------- */

static PHP_MINIT_FUNCTION(kinde_migrate)
{
	(void) type;
	REGISTER_INI_ENTRIES();

	register_kinde_migrate_symbols(module_number);
	exception_ce = register_class_KindeMigrate_Exception(spl_ce_RuntimeException);
	not_importable_ce = register_class_KindeMigrate_HashNotImportable(exception_ce);
	outcome_ce = register_class_KindeMigrate_Outcome();
	migrator_ce = register_class_KindeMigrate_Migrator();
	migrator_ce->create_object = migrator_create;
	memcpy(&migrator_handlers, &std_object_handlers, sizeof(zend_object_handlers));
	migrator_handlers.offset = XtOffsetOf(migrator_object, std);
	migrator_handlers.free_obj = migrator_free;
	migrator_handlers.clone_obj = NULL;
	return SUCCESS;
}

static PHP_MSHUTDOWN_FUNCTION(kinde_migrate)
{
	(void) type;
	UNREGISTER_INI_ENTRIES();
	return SUCCESS;
}

static PHP_MINFO_FUNCTION(kinde_migrate)
{
	php_info_print_table_start();
	php_info_print_table_row(2, "Carrying users into Kinde", "enabled");
	php_info_print_table_row(2, "Extension version", KINDE_MIGRATE_VERSION);
	php_info_print_table_row(2, "Library version", kinde_version());
	php_info_print_table_end();
	DISPLAY_INI_ENTRIES();
}

static const zend_module_dep dependencies[] = {
	ZEND_MOD_REQUIRED("json")
	ZEND_MOD_REQUIRED("spl")
	ZEND_MOD_END
};

zend_module_entry kinde_migrate_module_entry = {
	STANDARD_MODULE_HEADER_EX, NULL, dependencies,
	"kinde_migrate",
	ext_functions,
	PHP_MINIT(kinde_migrate),
	PHP_MSHUTDOWN(kinde_migrate),
	NULL,
	NULL,
	PHP_MINFO(kinde_migrate),
	KINDE_MIGRATE_VERSION,
	STANDARD_MODULE_PROPERTIES
};

#ifdef COMPILE_DL_KINDE_MIGRATE
/*
 * What PHP is given where the library does not fit: a module without functions, classes and settings, under another
 * name. A MINIT that fails would end PHP, with every application that it serves.
 */
static zend_module_entry refused_module_entry = {
	STANDARD_MODULE_HEADER,
	"kinde_migrate_not_loaded",
	NULL, NULL, NULL, NULL, NULL, NULL,
	KINDE_MIGRATE_VERSION,
	STANDARD_MODULE_PROPERTIES
};

/* As ZEND_GET_MODULE() makes it. PHP asks this before it looks at anything else. */
ZEND_DLEXPORT zend_module_entry *get_module(void)
{
	return library_fits() ? &kinde_migrate_module_entry : &refused_module_entry;
}
#endif

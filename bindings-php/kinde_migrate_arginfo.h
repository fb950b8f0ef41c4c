/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: a89796d7e943b44efcaa0176248217a766c1a66d */

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_KindeMigrate_explain_hash, 0, 1, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO(0, stored, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, format, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, extra, IS_ARRAY, 0, "[]")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, allow_guesses, IS_STRING, 1, "null")
ZEND_END_ARG_INFO()

#define arginfo_KindeMigrate_require_importable arginfo_KindeMigrate_explain_hash

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_KindeMigrate_Exception_getErrorCode, 0, 0, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_KindeMigrate_Outcome___construct, 0, 0, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_KindeMigrate_Migrator___construct, 0, 0, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, settings, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_KindeMigrate_Migrator_fromEnv, 0, 0, KindeMigrate\\Migrator, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_KindeMigrate_Migrator_migrate, 0, 1, KindeMigrate\\Outcome, 0)
	ZEND_ARG_TYPE_INFO(0, user, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, credential, IS_ARRAY, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_KindeMigrate_Migrator_changePassword, 0, 2, KindeMigrate\\Outcome, 0)
	ZEND_ARG_TYPE_INFO(0, user, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO(0, credential, IS_ARRAY, 1)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_KindeMigrate_Migrator_requestReset, 0, 1, KindeMigrate\\Outcome, 0)
	ZEND_ARG_TYPE_INFO(0, user, IS_ARRAY, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_KindeMigrate_Migrator_drain, 0, 0, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, max, IS_LONG, 0, "100")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, deadline, IS_DOUBLE, 0, "5.0")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_KindeMigrate_Migrator_status, 0, 0, IS_ARRAY, 0)
ZEND_END_ARG_INFO()


ZEND_FUNCTION(KindeMigrate_explain_hash);
ZEND_FUNCTION(KindeMigrate_require_importable);
ZEND_METHOD(KindeMigrate_Exception, getErrorCode);
ZEND_METHOD(KindeMigrate_Outcome, __construct);
ZEND_METHOD(KindeMigrate_Migrator, __construct);
ZEND_METHOD(KindeMigrate_Migrator, fromEnv);
ZEND_METHOD(KindeMigrate_Migrator, migrate);
ZEND_METHOD(KindeMigrate_Migrator, changePassword);
ZEND_METHOD(KindeMigrate_Migrator, requestReset);
ZEND_METHOD(KindeMigrate_Migrator, drain);
ZEND_METHOD(KindeMigrate_Migrator, status);


static const zend_function_entry ext_functions[] = {
	ZEND_NS_FALIAS("KindeMigrate", explain_hash, KindeMigrate_explain_hash, arginfo_KindeMigrate_explain_hash)
	ZEND_NS_FALIAS("KindeMigrate", require_importable, KindeMigrate_require_importable, arginfo_KindeMigrate_require_importable)
	ZEND_FE_END
};


static const zend_function_entry class_KindeMigrate_Exception_methods[] = {
	ZEND_ME(KindeMigrate_Exception, getErrorCode, arginfo_class_KindeMigrate_Exception_getErrorCode, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};


static const zend_function_entry class_KindeMigrate_HashNotImportable_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_KindeMigrate_Outcome_methods[] = {
	ZEND_ME(KindeMigrate_Outcome, __construct, arginfo_class_KindeMigrate_Outcome___construct, ZEND_ACC_PRIVATE)
	ZEND_FE_END
};


static const zend_function_entry class_KindeMigrate_Migrator_methods[] = {
	ZEND_ME(KindeMigrate_Migrator, __construct, arginfo_class_KindeMigrate_Migrator___construct, ZEND_ACC_PUBLIC)
	ZEND_ME(KindeMigrate_Migrator, fromEnv, arginfo_class_KindeMigrate_Migrator_fromEnv, ZEND_ACC_PUBLIC|ZEND_ACC_STATIC)
	ZEND_ME(KindeMigrate_Migrator, migrate, arginfo_class_KindeMigrate_Migrator_migrate, ZEND_ACC_PUBLIC)
	ZEND_ME(KindeMigrate_Migrator, changePassword, arginfo_class_KindeMigrate_Migrator_changePassword, ZEND_ACC_PUBLIC)
	ZEND_ME(KindeMigrate_Migrator, requestReset, arginfo_class_KindeMigrate_Migrator_requestReset, ZEND_ACC_PUBLIC)
	ZEND_ME(KindeMigrate_Migrator, drain, arginfo_class_KindeMigrate_Migrator_drain, ZEND_ACC_PUBLIC)
	ZEND_ME(KindeMigrate_Migrator, status, arginfo_class_KindeMigrate_Migrator_status, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};

static void register_kinde_migrate_symbols(int module_number)
{

	zend_add_parameter_attribute(zend_hash_str_find_ptr(CG(function_table), "kindemigrate\\explain_hash", sizeof("kindemigrate\\explain_hash") - 1), 0, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	zend_add_parameter_attribute(zend_hash_str_find_ptr(CG(function_table), "kindemigrate\\explain_hash", sizeof("kindemigrate\\explain_hash") - 1), 2, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	zend_add_parameter_attribute(zend_hash_str_find_ptr(CG(function_table), "kindemigrate\\require_importable", sizeof("kindemigrate\\require_importable") - 1), 0, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	zend_add_parameter_attribute(zend_hash_str_find_ptr(CG(function_table), "kindemigrate\\require_importable", sizeof("kindemigrate\\require_importable") - 1), 2, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);
}

static zend_class_entry *register_class_KindeMigrate_Exception(zend_class_entry *class_entry_RuntimeException)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "KindeMigrate", "Exception", class_KindeMigrate_Exception_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_RuntimeException);

	zval property_errorCode_default_value;
	zend_string *property_errorCode_default_value_str = zend_string_init("internal", strlen("internal"), 1);
	ZVAL_STR(&property_errorCode_default_value, property_errorCode_default_value_str);
	zend_string *property_errorCode_name = zend_string_init("errorCode", sizeof("errorCode") - 1, 1);
	zend_declare_typed_property(class_entry, property_errorCode_name, &property_errorCode_default_value, ZEND_ACC_PRIVATE, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_errorCode_name);

	return class_entry;
}

static zend_class_entry *register_class_KindeMigrate_HashNotImportable(zend_class_entry *class_entry_KindeMigrate_Exception)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "KindeMigrate", "HashNotImportable", class_KindeMigrate_HashNotImportable_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_KindeMigrate_Exception);
	class_entry->ce_flags |= ZEND_ACC_NO_DYNAMIC_PROPERTIES;

	zval property_format_default_value;
	ZVAL_UNDEF(&property_format_default_value);
	zend_string *property_format_name = zend_string_init("format", sizeof("format") - 1, 1);
	zend_declare_typed_property(class_entry, property_format_name, &property_format_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING|MAY_BE_NULL));
	zend_string_release(property_format_name);

	zval property_reason_default_value;
	ZVAL_UNDEF(&property_reason_default_value);
	zend_string *property_reason_name = zend_string_init("reason", sizeof("reason") - 1, 1);
	zend_declare_typed_property(class_entry, property_reason_name, &property_reason_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_reason_name);

	zval property_advice_default_value;
	ZVAL_UNDEF(&property_advice_default_value);
	zend_string *property_advice_name = zend_string_init("advice", sizeof("advice") - 1, 1);
	zend_declare_typed_property(class_entry, property_advice_name, &property_advice_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_advice_name);

	return class_entry;
}

static zend_class_entry *register_class_KindeMigrate_Outcome(void)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "KindeMigrate", "Outcome", class_KindeMigrate_Outcome_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_FINAL|ZEND_ACC_NO_DYNAMIC_PROPERTIES|ZEND_ACC_NOT_SERIALIZABLE;

	zval property_status_default_value;
	ZVAL_UNDEF(&property_status_default_value);
	zend_string *property_status_name = zend_string_init("status", sizeof("status") - 1, 1);
	zend_declare_typed_property(class_entry, property_status_name, &property_status_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_status_name);

	zval property_kinde_id_default_value;
	ZVAL_UNDEF(&property_kinde_id_default_value);
	zend_string *property_kinde_id_name = zend_string_init("kinde_id", sizeof("kinde_id") - 1, 1);
	zend_declare_typed_property(class_entry, property_kinde_id_name, &property_kinde_id_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING|MAY_BE_NULL));
	zend_string_release(property_kinde_id_name);

	zval property_calls_default_value;
	ZVAL_UNDEF(&property_calls_default_value);
	zend_string *property_calls_name = zend_string_init("calls", sizeof("calls") - 1, 1);
	zend_declare_typed_property(class_entry, property_calls_name, &property_calls_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_LONG));
	zend_string_release(property_calls_name);

	zval property_reason_default_value;
	ZVAL_UNDEF(&property_reason_default_value);
	zend_string *property_reason_name = zend_string_init("reason", sizeof("reason") - 1, 1);
	zend_declare_typed_property(class_entry, property_reason_name, &property_reason_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING|MAY_BE_NULL));
	zend_string_release(property_reason_name);

	zval property_message_default_value;
	ZVAL_UNDEF(&property_message_default_value);
	zend_string *property_message_name = zend_string_init("message", sizeof("message") - 1, 1);
	zend_declare_typed_property(class_entry, property_message_name, &property_message_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING|MAY_BE_NULL));
	zend_string_release(property_message_name);

	zval property_durable_default_value;
	ZVAL_UNDEF(&property_durable_default_value);
	zend_string *property_durable_name = zend_string_init("durable", sizeof("durable") - 1, 1);
	zend_declare_typed_property(class_entry, property_durable_name, &property_durable_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_BOOL));
	zend_string_release(property_durable_name);

	zval property_notices_default_value;
	ZVAL_UNDEF(&property_notices_default_value);
	zend_string *property_notices_name = zend_string_init("notices", sizeof("notices") - 1, 1);
	zend_declare_typed_property(class_entry, property_notices_name, &property_notices_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_ARRAY));
	zend_string_release(property_notices_name);

	return class_entry;
}

static zend_class_entry *register_class_KindeMigrate_Migrator(void)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "KindeMigrate", "Migrator", class_KindeMigrate_Migrator_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_FINAL|ZEND_ACC_NO_DYNAMIC_PROPERTIES|ZEND_ACC_NOT_SERIALIZABLE;


	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "__construct", sizeof("__construct") - 1), 0, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "migrate", sizeof("migrate") - 1), 1, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "changepassword", sizeof("changepassword") - 1), 1, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	return class_entry;
}

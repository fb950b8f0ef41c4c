/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: 63aa4fcce49616a578a8de28ce48f3c8187be05d */

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
	ZEND_ARG_TYPE_INFO(0, credential, IS_ARRAY, 0)
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


ZEND_METHOD(KindeMigrate_Exception, getErrorCode);
ZEND_METHOD(KindeMigrate_Outcome, __construct);
ZEND_METHOD(KindeMigrate_Migrator, __construct);
ZEND_METHOD(KindeMigrate_Migrator, fromEnv);
ZEND_METHOD(KindeMigrate_Migrator, migrate);
ZEND_METHOD(KindeMigrate_Migrator, changePassword);
ZEND_METHOD(KindeMigrate_Migrator, requestReset);
ZEND_METHOD(KindeMigrate_Migrator, drain);
ZEND_METHOD(KindeMigrate_Migrator, status);


static const zend_function_entry class_KindeMigrate_Exception_methods[] = {
	ZEND_ME(KindeMigrate_Exception, getErrorCode, arginfo_class_KindeMigrate_Exception_getErrorCode, ZEND_ACC_PUBLIC)
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

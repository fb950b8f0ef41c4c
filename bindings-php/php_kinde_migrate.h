#ifndef PHP_KINDE_MIGRATE_H
#define PHP_KINDE_MIGRATE_H

extern zend_module_entry kinde_migrate_module_entry;
#define phpext_kinde_migrate_ptr &kinde_migrate_module_entry

#endif

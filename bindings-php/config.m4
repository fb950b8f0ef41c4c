PHP_ARG_WITH([kinde-migrate],
  [for kinde_migrate],
  [AS_HELP_STRING([--with-kinde-migrate[=DIR]],
    [Carry users into Kinde; DIR is where libkinde_migrate was installed (default: ask pkg-config)])],
  [yes])

if test "$PHP_KINDE_MIGRATE" != "no"; then
  if test "$PHP_KINDE_MIGRATE" = "yes"; then
    PKG_CHECK_MODULES([KINDE_MIGRATE], [kinde_migrate])
    PHP_EVAL_INCLINE([$KINDE_MIGRATE_CFLAGS])
    PHP_EVAL_LIBLINE([$KINDE_MIGRATE_LIBS], [KINDE_MIGRATE_SHARED_LIBADD])
  else
    if test ! -r "$PHP_KINDE_MIGRATE/include/kinde_migrate.h"; then
      AC_MSG_ERROR([there is no include/kinde_migrate.h in $PHP_KINDE_MIGRATE])
    fi
    PHP_ADD_INCLUDE([$PHP_KINDE_MIGRATE/include])
    if test -r "$PHP_KINDE_MIGRATE/lib/libkinde_migrate.so"; then
      PHP_CHECK_LIBRARY([kinde_migrate], [kinde_version],
        [PHP_ADD_LIBRARY_WITH_PATH([kinde_migrate], [$PHP_KINDE_MIGRATE/lib], [KINDE_MIGRATE_SHARED_LIBADD])],
        [AC_MSG_ERROR([there is no usable lib/libkinde_migrate in $PHP_KINDE_MIGRATE])],
        [-L$PHP_KINDE_MIGRATE/lib])
    else
      dnl Only the archive is there: the library becomes a part of the extension, and nothing is looked for at run time.
      KINDE_MIGRATE_ARCHIVE="$PHP_KINDE_MIGRATE/lib/libkinde_migrate.a -lgcc_s -lpthread -ldl -lm"
      AC_MSG_CHECKING([for kinde_version in $PHP_KINDE_MIGRATE/lib/libkinde_migrate.a])
      kinde_migrate_libs=$LIBS
      LIBS="$KINDE_MIGRATE_ARCHIVE $LIBS"
      AC_LINK_IFELSE([AC_LANG_CALL([], [kinde_version])], [AC_MSG_RESULT([yes])],
        [AC_MSG_RESULT([no])
         AC_MSG_ERROR([there is no usable lib/libkinde_migrate in $PHP_KINDE_MIGRATE])])
      LIBS=$kinde_migrate_libs
      KINDE_MIGRATE_SHARED_LIBADD="$KINDE_MIGRATE_ARCHIVE -Wl,--gc-sections -Wl,--exclude-libs,ALL"
    fi
  fi

  dnl PHP unloads its modules at shutdown. A call that was cut off at its deadline may leave a thread behind
  dnl for some milliseconds (a look-up of a name, a hash), and its code must not go away under it. All of the
  dnl library is bound when the extension is loaded: what is missing shows then, not in a login.
  case $host_os in
    *linux*|*bsd*) KINDE_MIGRATE_SHARED_LIBADD="$KINDE_MIGRATE_SHARED_LIBADD -Wl,-z,nodelete -Wl,-z,now" ;;
  esac

  PHP_SUBST([KINDE_MIGRATE_SHARED_LIBADD])
  PHP_NEW_EXTENSION([kinde_migrate], [kinde_migrate.c], [$ext_shared],, [-fvisibility=hidden])
fi

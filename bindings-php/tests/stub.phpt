--TEST--
The stub, the arginfo made of it and the loaded extension say the same
--FILE--
<?php
$stub = file_get_contents(__DIR__ . '/../kinde_migrate.stub.php');
$arginfo = file_get_contents(__DIR__ . '/../kinde_migrate_arginfo.h');
var_dump(str_contains($arginfo, 'Stub hash: ' . sha1(str_replace("\r\n", "\n", $stub))));

// The stub is PHP: declared under another namespace, it can be compared by reflection.
eval(strtr($stub, ['<?php' => '', 'namespace KindeMigrate;' => 'namespace KindeMigrateStub;']));

function face(ReflectionClass $class): array
{
    $name = fn ($type) => str_replace('KindeMigrateStub', 'KindeMigrate', (string) $type);
    $face = ['final' => $class->isFinal(), 'parent' => $class->getParentClass() ? $name($class->getParentClass()->name) : null];
    foreach ($class->getProperties() as $property) {
        if ($name($property->class) === $name($class->name)) {
            $face["\$$property->name"] = [
                $name($property->getType()), Reflection::getModifierNames($property->getModifiers()),
                $property->hasDefaultValue() ? $property->getDefaultValue() : 'none',
            ];
        }
    }
    foreach ($class->getMethods() as $method) {
        if ($name($method->class) === $name($class->name)) {
            $face["$method->name()"] = [Reflection::getModifierNames($method->getModifiers()), signature($method)];
        }
    }
    return $face;
}

function signature(ReflectionFunctionAbstract $function): array
{
    $name = fn ($type) => str_replace('KindeMigrateStub', 'KindeMigrate', (string) $type);
    $parameters = [];
    foreach ($function->getParameters() as $parameter) {
        $parameters[] = [
            $parameter->name, $name($parameter->getType()), $parameter->isPassedByReference(), $parameter->isVariadic(),
            $parameter->isOptional() ? $parameter->getDefaultValue() : 'required',
            array_map(fn ($attribute) => $attribute->getName(), $parameter->getAttributes()),
        ];
    }
    return [$name($function->getReturnType()), $parameters];
}

$declared = array_filter(get_declared_classes(), fn ($class) => str_starts_with($class, 'KindeMigrateStub\\'));
$loaded = (new ReflectionExtension('kinde_migrate'))->getClassNames();
var_dump(count($declared) === count($loaded));
foreach ($loaded as $class) {
    $stubbed = face(new ReflectionClass(str_replace('KindeMigrate\\', 'KindeMigrateStub\\', $class)));
    $real = face(new ReflectionClass($class));
    echo $class, ' ', $stubbed === $real ? 'agrees' : 'differs: ' . var_export([$stubbed, $real], true), "\n";
}
foreach ((new ReflectionExtension('kinde_migrate'))->getFunctions() as $name => $function) {
    var_dump(signature(new ReflectionFunction(str_replace('kindemigrate\\', 'KindeMigrateStub\\', strtolower($name)))) === signature($function));
}
?>
--EXPECT--
bool(true)
bool(true)
KindeMigrate\Exception agrees
KindeMigrate\HashNotImportable agrees
KindeMigrate\Outcome agrees
KindeMigrate\Migrator agrees
bool(true)
bool(true)

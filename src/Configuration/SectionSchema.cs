using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Runtime.CompilerServices;
using SparkTrain.Input;

namespace SparkTrain.Configuration;

/// <summary>The keys of one record, found by reflection once per place in the tree, with the defaults that hold at that place.</summary>
internal sealed class SectionSchema
{
    private static readonly MethodInfo Clone = typeof(object).GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!;
    private readonly object template;

    private SectionSchema(Type type, object? defaults, string path)
    {
        RecordType = type;
        Path = path;
        template = defaults ?? Create(type);
        Keys = [.. type.GetProperties(BindingFlags.Instance | BindingFlags.Public)
            .Where(property => property.SetMethod is { IsPublic: true })
            .Select(property => KeyOf(property, hasDefaults: defaults is not null))];
    }

    public Type RecordType { get; }

    /// <summary>The dotted path; empty for the root.</summary>
    public string Path { get; }

    public IReadOnlyList<KeySchema> Keys { get; }

    public string Described => $"a section with {string.Join(", ", Keys.Select(key => key.Name))}";

    public static SectionSchema Of<T>() => new(typeof(T), null, "");

    /// <summary>A fresh record with the defaults of this place; nested records of the defaults are never written to.</summary>
    public object NewInstance() => Clone.Invoke(template, null)!;

    public KeySchema? Find(string name) => Keys.FirstOrDefault(key => key.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Every key of this section and of those below it, depth first in the order of declaration.</summary>
    public IEnumerable<KeySchema> AllKeys() => Keys.SelectMany(key => (key.Section?.AllKeys() ?? []).Prepend(key));

    private KeySchema KeyOf(PropertyInfo property, bool hasDefaults)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        var isNullable = type != property.PropertyType
            || (!type.IsValueType && new NullabilityInfoContext().Create(property).WriteState == NullabilityState.Nullable);
        var path = Path.Length == 0 ? property.Name : $"{Path}.{property.Name}";
        var initial = property.GetValue(template);
        var element = ScalarText.IsSupported(type) ? null : ElementOf(type);
        var isScalar = ScalarText.IsSupported(element ?? type);
        return new KeySchema
        {
            Property = property,
            Kind = element is not null ? KeyKind.List : isScalar ? KeyKind.Scalar : KeyKind.Section,
            ValueType = element ?? type,
            Path = path,
            Former = property.GetCustomAttribute<FormerKeyAttribute>() is { } former ? Path[..(Path.LastIndexOf('.') + 1)] + former.Name : null,
            IsRequired = !hasDefaults && property.IsDefined(typeof(RequiredMemberAttribute)),
            IsNullable = isNullable,
            Default = initial,
            Section = isScalar ? null : element is not null ? new SectionSchema(element, null, path + "[]") : new SectionSchema(type, initial, path),
            Constraints = [.. property.GetCustomAttributes<ValidationAttribute>().Select(attribute => new Constraint(attribute, element is not null))],
        };
    }

    private static Type? ElementOf(Type type)
    {
        var element = type.IsArray ? type.GetElementType()! : type.IsGenericType ? type.GetGenericArguments()[0] : null;
        return element is not null && type.IsAssignableFrom(element.MakeArrayType()) ? element : null;
    }

    /// <summary>Makes a record with its initialisers run and its required members unset: reflection does not ask for them.</summary>
    private static object Create(Type type) =>
        type.IsClass && !type.IsAbstract && type.GetConstructor(Type.EmptyTypes) is { } constructor
            ? constructor.Invoke(null)
            : throw new NotSupportedException($"{type} cannot be a configuration section or value: use int, long, double, bool, string, enums, lists of these, or records with init properties.");
}

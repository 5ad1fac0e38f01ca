using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace SparkTrain.Configuration;

/// <summary>Walks the layers and the record tree together: fills the records, notes each value's origin, and collects every problem.</summary>
/// <remarks>
/// The framework's binder is not used: measured on 10.0.15 it ignores <c>required</c> and unknown keys, takes NaN and undefined enum numbers, merges
/// lists by index across layers and appends them to defaults.
/// </remarks>
internal sealed class RecordReader(Layers layers, SectionSchema root, StrayVariables strays, List<ConfigurationProblem> problems)
{
    private readonly List<ConfigurationProblem> broken = [];
    private readonly List<ResolvedValue> values = [];

    public IReadOnlyList<ResolvedValue> Values => values;

    /// <summary>Reads the whole tree. What it returns is of use only when no problem was added.</summary>
    public object Read()
    {
        var record = ReadSection(root, "");
        problems.AddRange(strays.Problems);
        problems.AddRange(broken);
        return record;
    }

    private object ReadSection(SectionSchema section, string path)
    {
        var before = broken.Count;
        var record = section.NewInstance();
        foreach (var key in section.Keys)
            ReadKey(key, KeyPath.Join(path, key.Name), record);
        RefuseUnknown(section, path);
        // Rules over several keys would repeat, in other words, what a missing or mistyped key already said.
        if (broken.Count == before && record is IValidatableObject rules)
            CheckRules(rules, path);
        return record;
    }

    private void ReadKey(KeySchema key, string path, object record)
    {
        if (layers.Top(path) is not { } entry)
        {
            ReadDefault(key, path, record);
        }
        else if (entry.IsNull && key.IsNullable)
        {
            key.Property.SetValue(record, null);
            values.Add(new(KeyPath.Display(path), "null", entry.Origin));
        }
        else
        {
            var value = key.Kind switch
            {
                KeyKind.Section => ReadNested(key, path),
                KeyKind.List => ReadList(key, path, entry),
                _ => ReadScalar(key, path, entry),
            };
            if (value is not null) key.Property.SetValue(record, value);
        }
    }

    private void ReadDefault(KeySchema key, string path, object record)
    {
        if (key.IsRequired)
            Problem(layers.PlaceOf(path), path, $"is missing; must be given: {key.Expected}.", key.Doc);
        else if (key.Kind == KeyKind.Section && key.Default is not null)
            key.Property.SetValue(record, ReadSection(key.Section!, path));
        else
            values.Add(new(KeyPath.Display(path), key.DefaultText, ValueOrigin.Default));
    }

    private object? ReadNested(KeySchema key, string path)
    {
        var before = broken.Count;
        foreach (var entry in layers.All(path).Where(entry => entry.Kind != EntryKind.Section && !(entry.IsNull && key.IsNullable)))
            Problem(entry.Origin, path, $"{entry.Found}; must be {key.Expected}.",
                entry.Kind == EntryKind.Text ? $"Set its keys one by one: {KeyPath.Display(path)}.{key.Section!.Keys[0].Name}=…" : null);
        return broken.Count == before ? ReadSection(key.Section!, path) : null;
    }

    private object? ReadScalar(KeySchema key, string path, Entry entry)
    {
        var value = Parse(key, path, entry);
        if (value is null) return null;
        Check(key.Constraints, key.Name, path, entry, value);
        values.Add(new(KeyPath.Display(path), ScalarText.Format(value), entry.Origin));
        return value;
    }

    private object? Parse(KeySchema key, string path, Entry entry)
    {
        if (ScalarText.Parse(key.ValueType, entry) is { } value) return value;
        var expected = key.Kind == KeyKind.Scalar ? key.Expected : ScalarText.Expected(key.ValueType);
        Problem(entry.Origin, path, $"{entry.Found}; must be {expected}.", ScalarText.Hint(key.ValueType, entry));
        return null;
    }

    private Array? ReadList(KeySchema key, string path, Entry entry)
    {
        var before = broken.Count;
        var elements = Elements(key, path, entry);
        if (elements is null)
        {
            Problem(entry.Origin, path, $"{entry.Found}; must be {key.Expected}.",
                entry.Origin.Kind == OriginKind.File ? null
                : key.Section is null ? $"A list is given whole: {KeyPath.Display(path)}=[…, …]." : "A list of sections is changed in the file.");
            return null;
        }
        var items = elements.Select(element => ReadElement(key, element.Path, element.Entry)).ToList();
        if (broken.Count > before) return null;
        var list = Array.CreateInstance(key.ValueType, items.Count);
        for (var i = 0; i < items.Count; i++) list.SetValue(items[i], i);
        Check(key.Constraints.Where(c => !c.IsPerElement), key.Name, path, entry, list);
        if (key.Section is null || items.Count == 0)
            values.Add(new(KeyPath.Display(path), $"[{string.Join(", ", items.Select(ScalarText.Format))}]", entry.Origin));
        return list;
    }

    /// <summary>The elements of the winning layer alone: lists are replaced whole, never merged.</summary>
    private IEnumerable<(string Path, Entry Entry)>? Elements(KeySchema key, string path, Entry entry)
    {
        if (entry.Kind == EntryKind.List)
            return from i in Enumerable.Range(0, layers.ElementCount(path))
                   let element = KeyPath.Join(path, i.ToString(CultureInfo.InvariantCulture))
                   select (element, layers.InFile(element)!);
        if (entry.Kind != EntryKind.Text || key.Section is not null) return null;
        return ListText.Split(entry.Text)?.Select(item => (path, entry with { Text = item }));
    }

    private object? ReadElement(KeySchema key, string path, Entry entry)
    {
        if (key.Section is { } section)
        {
            if (entry.Kind == EntryKind.Section) return ReadSection(section, path);
            Problem(entry.Origin, path, $"{entry.Found}; must be {section.Described}.");
            return null;
        }
        var value = Parse(key, path, entry);
        if (value is not null) Check(key.Constraints.Where(c => c.IsPerElement), key.Name, path, entry, value);
        return value;
    }

    private void Check(IEnumerable<Constraint> constraints, string name, string path, Entry entry, object value)
    {
        foreach (var constraint in constraints.Where(c => !c.Accepts(value)))
        {
            var found = value is Array list ? $"has {list.Length} {(list.Length == 1 ? "entry" : "entries")}" : entry.Found;
            if (value is not string) found = found.Replace("\"", "", StringComparison.Ordinal);
            Problem(entry.Origin, path, $"{found}; {constraint.Demand(name)}");
        }
    }

    private void RefuseUnknown(SectionSchema section, string path)
    {
        foreach (var (name, entry) in layers.Members(path).Where(member => section.Find(member.Name) is null))
        {
            // SPARKTRAIN_LIBTORCH and the like belong to others: a single word is a key only where the root has one of that name.
            if (path.Length == 0 && entry is { Kind: EntryKind.Text, Origin.Kind: OriginKind.Environment }) continue;
            if (strays.Has(entry.Origin)) continue;
            Problem(entry.Origin, KeyPath.Join(path, name), "unknown key." + Suggestion(section, name),
                $"{(section.Path.Length == 0 ? "The root" : section.Path.Split('.')[^1])} has {string.Join(", ", section.Keys.Select(key => key.Name))}.");
        }
    }

    private string Suggestion(SectionSchema section, string name)
    {
        if (NearestName.Of(name, [.. section.Keys.Select(key => key.Name)]) is { } near) return $" Did you mean {near}?";
        var elsewhere = root.AllKeys().FirstOrDefault(key => key.Name.Equals(name.Split('.')[^1], StringComparison.OrdinalIgnoreCase));
        return elsewhere is null ? "" : $" Did you mean {elsewhere.Path}?";
    }

    private void CheckRules(IValidatableObject record, string path)
    {
        // ValidationResult.Success is null.
        foreach (var result in record.Validate(new ValidationContext(record)).OfType<ValidationResult>())
        {
            var member = result.MemberNames.FirstOrDefault() ?? "";
            var full = member.Length == 0 ? path : KeyPath.Join(path, KeyPath.FromDisplay(member));
            var isDefault = member.Length > 0 && layers.Top(full) is null;
            problems.Add(new(layers.PlaceOf(full), KeyPath.Display(full), result.ErrorMessage ?? "is not valid.", isDefault ? "It is not set: this is its default." : null));
        }
    }

    private void Problem(ValueOrigin where, string path, string message, string? help = null) =>
        broken.Add(new(where, KeyPath.Display(path), message, string.IsNullOrEmpty(help) ? null : help));
}

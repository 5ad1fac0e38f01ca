using System.Text;
using System.Xml.Linq;

namespace SparkTrain.Data;

/// <summary>Writes a type and its members as a page of reference text.</summary>
internal static class TypePage
{
    private static readonly Dictionary<string, string> Operators = new(StringComparer.Ordinal)
    {
        ["Addition"] = "+", ["Subtraction"] = "-", ["Multiply"] = "*", ["Division"] = "/", ["Modulus"] = "%", ["Equality"] = "==",
            ["Inequality"] = "!=",
        ["LessThan"] = "<", ["GreaterThan"] = ">", ["LessThanOrEqual"] = "<=", ["GreaterThanOrEqual"] = ">=", ["BitwiseAnd"] = "&",
            ["BitwiseOr"] = "|",
        ["ExclusiveOr"] = "^", ["OnesComplement"] = "~", ["LogicalNot"] = "!", ["UnaryNegation"] = "-", ["UnaryPlus"] = "+",
            ["Increment"] = "++",
        ["Decrement"] = "--", ["LeftShift"] = "<<", ["RightShift"] = ">>", ["UnsignedRightShift"] = ">>>", ["True"] = "true",
            ["False"] = "false",
    };

    /// <summary>Returns the page, or null where no member has any text.</summary>
    public static string? Write(string typeId, IReadOnlyList<(MemberId Id, XElement Comment)> members)
    {
        var typeParameters = members.FirstOrDefault(m => m.Id.Kind == 'T').Comment is { } typeComment
            ? Names(typeComment, "typeparam") : [];
        var typeName = new TypeName(typeParameters, []).OfDefinition(typeId);
        var lastDot = typeId.LastIndexOf('.');
        var page = new StringBuilder(typeName).Append(lastDot > 0 ? $" (namespace {typeId[..lastDot]})" : "").Append('\n');
        var headLength = page.Length;
        foreach (var (id, comment) in members)
        {
            var body = Body(comment);
            if (body.Length == 0) continue;
            if (id.Kind != 'T') page.Append('\n').Append(Heading(id, comment, typeName, typeParameters)).Append('\n');
            page.Append(body);
        }
        return page.Length == headLength ? null : page.ToString();
    }

    private static string Heading(MemberId id, XElement comment, string typeName, IReadOnlyList<string> typeParameters)
    {
        var tick = id.Name.IndexOf("``", StringComparison.Ordinal);
        var methodParameters = Names(comment, "typeparam");
        var names = new TypeName(typeParameters, methodParameters);
        var plain = tick < 0 ? id.Name : id.Name[..tick];
        var generic = tick < 0 || methodParameters.Count == 0 ? "" : $"<{string.Join(", ", methodParameters)}>";
        var parameters = Parameters(id, comment, names);
        if (plain is "ctor" or "cctor") return $"new {typeName}({parameters})";
        if (plain is "op_Implicit" or "op_Explicit")
            return $"{plain[3..].ToLowerInvariant()} operator {names.Of(id.Result ?? id.TypeId)}({parameters})";
        if (plain.StartsWith("op_", StringComparison.Ordinal))
        {
            var isChecked = plain.StartsWith("op_Checked", StringComparison.Ordinal);
            var word = plain[(isChecked ? "op_Checked" : "op_").Length..];
            return $"{typeName} operator {(isChecked ? "checked " : "")}{Operators.GetValueOrDefault(word, word)}({parameters})";
        }
        if (id.Kind == 'P')
            return id.Parameters is null ? $"{typeName}.{plain}" : $"{typeName}.{(plain == "Item" ? "this" : plain)}[{parameters}]";
        return id.Kind == 'M' ? $"{typeName}.{plain}{generic}({parameters})" : $"{typeName}.{plain}";
    }

    // The id has the types, the comment the names; they belong together where there are equally many.
    private static string Parameters(MemberId id, XElement comment, TypeName names)
    {
        if (id.Parameters is null) return "";
        var parameterNames = Names(comment, "param");
        var types = id.Parameters.Select(names.Of);
        return string.Join(", ", parameterNames.Count == id.Parameters.Count ? types.Zip(parameterNames, (type, name) => $"{type} {name}")
            : types);
    }

    private static string Body(XElement comment)
    {
        var body = new StringBuilder();
        Paragraph(body, "", comment.Element("summary"));
        foreach (var tag in new[] { "typeparam", "param" })
            foreach (var parameter in comment.Elements(tag)) Paragraph(body, $"{parameter.Attribute("name")?.Value}: ", parameter);
        Paragraph(body, "Value: ", comment.Element("value"));
        Paragraph(body, "Returns: ", comment.Element("returns"));
        foreach (var exception in comment.Elements("exception"))
            Paragraph(body, $"Throws {CommentText.NameOf(exception.Attribute("cref")?.Value ?? "")}: ", exception);
        foreach (var tag in new[] { "remarks", "example" })
            foreach (var part in comment.Elements(tag)) Paragraph(body, "", part);
        return body.ToString();
    }

    private static void Paragraph(StringBuilder body, string label, XElement? element)
    {
        if (element is null || CommentText.Of(element) is not { Length: > 0 } text) return;
        body.Append(label).Append(text).Append('\n');
    }

    private static List<string> Names(XElement comment, string tag) =>
        [.. comment.Elements(tag).Select(p => p.Attribute("name")?.Value).OfType<string>()];
}

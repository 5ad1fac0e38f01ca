namespace SparkTrain.Input;

/// <summary>The name that a key had in earlier versions, in the section around its own. Files that have it are read as before.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FormerKeyAttribute(string name) : Attribute
{
    /// <summary>The earlier name.</summary>
    public string Name { get; } = name;
}

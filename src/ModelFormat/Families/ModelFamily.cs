using System.Text.Json;

namespace SparkTrain.ModelFormat;

/// <summary>A family of models as other programs keep them: the keys of its config.json, and how its files name and hold weights. Nothing outside of a family knows either.</summary>
public abstract class ModelFamily
{
    private static readonly ModelFamily[] All = [new SparkFamily()];

    /// <summary>The values of model_type that it reads.</summary>
    public abstract IReadOnlyList<string> ModelTypes { get; }

    /// <summary>Returns the family of a model.</summary>
    /// <exception cref="ArgumentException">No family can hold it.</exception>
    public static ModelFamily Of(ModelConfig config) => All.FirstOrDefault(family => family.Holds(config)) ?? throw new ArgumentException("no family holds such a model", nameof(config));

    /// <summary>Returns the family of a config.json, or null where its model_type belongs to none.</summary>
    public static ModelFamily? OfType(string modelType) => All.FirstOrDefault(family => family.ModelTypes.Contains(modelType));

    /// <summary>Every model_type that can be read.</summary>
    public static IEnumerable<string> AllModelTypes => All.SelectMany(family => family.ModelTypes);

    /// <summary>True where the family can say all that a model is.</summary>
    public abstract bool Holds(ModelConfig config);

    /// <summary>Reads the keys of a config.json.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="root">Its object.</param>
    /// <exception cref="ModelFormatException">A key is missing or of the wrong type, or it asks for something that this family lacks.</exception>
    public abstract ModelConfig ReadConfig(string path, JsonElement root);

    /// <summary>Renders the config.json of a model.</summary>
    /// <param name="config">The model.</param>
    /// <param name="type">Type of its weights.</param>
    public abstract string WriteConfig(ModelConfig config, TensorType type);

    /// <summary>Lists the tensors of a model's files, in the order of the forward pass. Each weight is a part of one.</summary>
    public abstract IReadOnlyList<FileTensor> Files(WeightSlots weights);

    /// <summary>Returns how the names in a folder become those of <see cref="Files"/>.</summary>
    /// <param name="names">All names in the folder.</param>
    public virtual Func<string, string> NameOf(IReadOnlyCollection<string> names) => name => name;

    /// <summary>True for a tensor that files may hold although it follows from config.json.</summary>
    public virtual bool IsBuffer(string name) => false;

    /// <summary>The name of the head's weight, which files of a tied model may repeat beside the embedding.</summary>
    public abstract string Head { get; }
}

using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Generation;
using SparkTrain.Inference;
using SparkTrain.Input;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Generation;

/// <summary>What computes a model.</summary>
/// <param name="IsSparse">True for the engine that reads only the neurons and keys that the masks keep; false for libtorch.</param>
/// <param name="Options">How the sparse engine does it; of these, libtorch takes the threads.</param>
internal sealed record EngineChoice(bool IsSparse, EngineOptions Options)
{
    /// <summary>Loads a model to decode with. The source may be closed afterwards. libtorch is loaded only where it was chosen.</summary>
    /// <exception cref="EnvironmentException">There is too little memory, or no libtorch that can be used.</exception>
    /// <exception cref="ConfigurationException">An option does not fit the model.</exception>
    public IDecoder Load(ModelSource source) => IsSparse ? LoadSparse(source) : TorchDecoder.Load(source, Options.Threads);

    /// <summary>Loads the sparse engine.</summary>
    /// <exception cref="EnvironmentException">There is too little memory.</exception>
    /// <exception cref="ConfigurationException">An option does not fit the model.</exception>
    public SparseEngine LoadSparse(ModelSource source)
    {
        if (Options.Int8Predictor && !Enumerable.Range(0, source.Config.NumLayers).Any(layer => source.Config.Ffn.Of(layer).Kind.Traits().HasPredictor))
            throw new ConfigurationException("--int8-predictor", $"the FFNs of {source.Folder} have no predictor", "a model whose ffn_kind is spark", "leave it out");
        if (SparseEngine.Problem(source.Config) is { } problem)
            throw new ConfigurationException(source.Folder, problem, "a model without them", "use --engine torch, in `generate` and `score`");
        try
        {
            return SparseEngine.Load(source.Weights, Options);
        }
        catch (OutOfMemoryException e)
        {
            throw TooLittleMemory(source.Folder, e);
        }
    }

    /// <summary>Words that weights, or keys and values, do not fit into memory.</summary>
    public static EnvironmentException TooLittleMemory(string model, OutOfMemoryException e) =>
        new(model, e.Reason(), "memory for the weights and for the keys and values of every sequence", "use --weights bf16 and --cache bf16, fewer or shorter sequences, or a machine with more memory", e);
}

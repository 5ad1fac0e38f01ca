using SparkTrain.Kernels;

namespace SparkTrain.Model.Tests.Reference;

/// <summary>A golden folder: weights, tokens, and what an independent implementation computed from them in float64.</summary>
internal sealed class Golden : IDisposable
{
    public static readonly string[] Names = ["gemma2-tiny", "spark-tiny", "spark-packed", "topk-gated", "relu2-gated"];

    private readonly ModelFolder folder;
    private readonly SafetensorsFile file;
    private readonly DisposeScope scope = NewDisposeScope();

    public Golden(string name)
    {
        folder = ModelFolder.Open(PathOf(name));
        file = SafetensorsFile.Open(Path.Combine(PathOf(name), "golden.safetensors"));
        Tokens_BT = this["tokens"];
        DocumentIds_BT = Find("document_ids");
    }

    public ModelConfig Config => folder.Config;

    public Tensor Tokens_BT { get; }

    public Tensor? DocumentIds_BT { get; }

    public unsafe Tensor this[string name]
    {
        get
        {
            var info = file.Info(name);
            var tensor = empty([.. info.Shape], info.Type switch { TensorType.F32 => ScalarType.Float32, TensorType.F64 => ScalarType.Float64, TensorType.I64 => ScalarType.Int64, TensorType.I32 => ScalarType.Int32, _ => ScalarType.Byte });
            using var memory = new Native.TensorMemory();
            Buffer.MemoryCopy(file.Pointer(name), memory.Pointer(tensor), info.ByteLength, info.ByteLength);
            return tensor;
        }
    }

    public Tensor? Find(string name) => file.Contains(name) ? this[name] : null;

    /// <summary>The folder's model, computing in a form.</summary>
    public Transformer Model(Form form, SparsitySink? sparsity = null) =>
        Model(form == Form.Composed64 ? ScalarType.Float64 : ScalarType.Float32, form == Form.Fused32 ? KernelSet.Cpu : KernelSet.Composed, sparsity);

    public Transformer Model(ScalarType dtype, KernelSet kernels, SparsitySink? sparsity = null) =>
        ModelWeights.Load(folder, new ComputeOptions { Dtype = dtype, Kernels = kernels, Sparsity = sparsity });

    public void Dispose()
    {
        folder.Dispose();
        file.Dispose();
        scope.Dispose();
    }

    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "goldens", name);
}

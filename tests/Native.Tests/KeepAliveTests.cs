using System.Runtime.InteropServices;
using Mono.Cecil;
using SparkTrain.KeepAlive;
using TorchSharp;

namespace SparkTrain.Native.Tests;

/// <summary>Nothing that a native call uses is finalized while the call runs.</summary>
public sealed class KeepAliveTests
{
    [Fact]
    public void Every_native_call_of_the_shipped_TorchSharp_keeps_its_objects_alive()
    {
        using var module = Read(typeof(torch).Assembly.Location);
        Assert.InRange(KeepAliveScan.Calls(module), 1000, int.MaxValue);
        Assert.All(KeepAliveScan.Problems(module), Assert.Fail);
    }

    [Fact]
    public void A_call_that_keeps_nothing_alive_is_found_and_mended()
    {
        using var module = Read(typeof(KeepAliveTests).Assembly.Location);
        var problems = KeepAliveScan.Problems(module);
        Assert.Contains(problems, p => p.Contains("Careless::Length", StringComparison.Ordinal) && p.Contains("argument 0 is not kept over", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("Careless::OfTemporary", StringComparison.Ordinal) && p.Contains("nothing holds the object", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("Careless::First", StringComparison.Ordinal) && p.Contains("this is not kept to the end", StringComparison.Ordinal));
        using var again = Read(typeof(KeepAliveTests).Assembly.Location);
        new KeepAliveWeaver(again).Run();
        Assert.Empty(KeepAliveScan.Problems(again));
    }

    [Fact]
    public void TorchSharp_as_it_ships_is_refused()
    {
        LibTorch.CheckKeptAlive(typeof(torch).Assembly);
        var e = Assert.Throws<EnvironmentException>(() => LibTorch.CheckKeptAlive(typeof(KeepAliveTests).Assembly));
        Assert.Contains("may free what the call is using", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scalars_survive_collections_during_native_calls()
    {
        LibTorch.Load(1);
        using var stop = new CancellationTokenSource();
        var collector = new Thread(() => { while (!stop.Token.WaitHandle.WaitOne(1)) GC.Collect(0, GCCollectionMode.Forced, blocking: true); });
        collector.Start();
        try
        {
            using var one = torch.ones(1);
            for (int i = 0; i < 5_000; i++)
            {
                using var scope = torch.NewDisposeScope();
                Assert.Equal(i + 3f, (one + i + torch.add(one, one, i + 1) - i).item<float>() + 1 - one.lt(2).to(torch.ScalarType.Float32).item<float>());
            }
        }
        finally
        {
            stop.Cancel();
            Patience.Join(collector, "the last collection");
        }
    }

    private static ModuleDefinition Read(string path)
    {
        var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location));
        resolver.AddSearchDirectory(AppContext.BaseDirectory);
        return ModuleDefinition.ReadModule(path, new ReaderParameters { AssemblyResolver = resolver });
    }
}

/// <summary>An object with a handle, used as code uses it that does not think of the collector.</summary>
internal sealed partial class Careless(string text)
{
    private readonly nint memory = Marshal.StringToHGlobalAnsi(text);

    public nint Handle => memory;

    ~Careless() => Marshal.FreeHGlobal(memory);

    public static nint Length(Careless text) => strlen(text.Handle);

    public static nint OfTemporary(string text) => strlen(new Careless(text).Handle);

    public unsafe byte First() => *(byte*)memory;

    [DllImport("libc")]
    private static extern nint strlen(nint text);
}

using Mono.Cecil;
using SparkTrain.KeepAlive;

if (args is not [string input, string output])
{
    Console.Error.WriteLine("usage: KeepAlive INPUT.dll OUTPUT.dll");
    return 2;
}
using var resolver = new DefaultAssemblyResolver();
resolver.AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location));
using var module = ModuleDefinition.ReadModule(input, new ReaderParameters { AssemblyResolver = resolver });
var (methods, calls) = new KeepAliveWeaver(module).Run();
Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(output))!);
// Builds that run beside each other write the same bytes; the rename keeps readers from half a file.
string part = $"{output}.{Environment.ProcessId}";
module.Write(part);
File.Move(part, output, overwrite: true);
Console.WriteLine($"{Path.GetFileName(output)}: objects are kept alive over {calls} native calls, in {methods} methods");
return 0;
